import { type CloudEvent, toKafkaMessage } from '@mirror/events';
import type { Position } from '@mirror/kafka';

/** A topic of one partition that keeps no message. */
export class FakeTopic {
  private end = 0;

  /** As the producer: the offset after the last of these events. Each is written as Kafka would get it. */
  send(events: readonly CloudEvent[]): Position {
    for (const event of events) if (toKafkaMessage(event).value !== null) this.end += 1;
    return events.length === 0 ? {} : { 0: String(this.end) };
  }
}

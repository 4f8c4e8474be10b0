import { type CloudEvent, type Topic, toKafkaMessage } from '@mirror/events';
import type { KafkaConnection } from './kafka-connection.js';
import { MessageSender } from './message-sender.js';
import type { Position } from './position.js';

/** Publishes events. A service that owns one starts while Kafka is away: only `send` needs it. */
export class EventProducer {
  readonly #sender: MessageSender;

  constructor(readonly connection: KafkaConnection) {
    this.#sender = new MessageSender(connection);
  }

  /** Begins to connect, and does not wait for it. */
  async start(): Promise<void> {
    this.#sender.start();
  }

  /** Sends what waits, for at most three seconds; what is left then is rejected with 'KAFKA.STOPPED'. */
  stop(): Promise<void> {
    return this.#sender.stop();
  }

  /**
   * Resolves when all in-sync replicas have them: partition -> offset after the last of these events there. Events of a key
   * keep the order of calls that do not fail. TransientError when Kafka can't take them now (some of them may be there, so
   * sending again may double them), PermanentError when it refuses one for good (too large).
   */
  send(topic: Topic, events: readonly CloudEvent[]): Promise<Position> {
    const messages = events.map(toKafkaMessage);
    return this.#sender.send(this.connection.topicName(topic), messages);
  }
}

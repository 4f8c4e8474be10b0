import type { Topic } from '@mirror/events';
import type { KafkaConnection } from './kafka-connection.js';
import { committedOffsets, type Offsets } from './topic-history.js';

/** What the group of a service has committed of a topic, as Kafka said last: its word holds while Kafka is away. */
export class LastCommitted {
  #offsets: Offsets | undefined;
  #asked: Promise<void> | undefined;

  constructor(
    private readonly connection: KafkaConnection,
    private readonly topic: Topic,
    private readonly service: string,
  ) {}

  /** Asks again. Only the first answer is waited for: a Kafka that is away holds up nobody who had one. */
  async refresh(): Promise<Offsets> {
    this.#asked ??= this.#ask();
    if (this.#offsets === undefined) await this.#asked;
    return this.#offsets ?? new Map();
  }

  #ask(): Promise<void> {
    const asked = committedOffsets(this.connection, this.topic, this.service)
      .then((offsets) => {
        this.#offsets = offsets;
      })
      .finally(() => {
        this.#asked = undefined;
      });
    asked.catch(() => {}); // whoever waits for it is told; otherwise the last word holds
    return asked;
  }
}

import { type Topic, topics } from '@mirror/events';
import type { KafkaConnection } from './kafka-connection.js';
import { LastCommitted } from './last-committed.js';
import type { Offsets } from './topic-history.js';

/** The topics whose positions are stored with what they tell of, and the groups that commit them. */
const WITNESSES = [
  { topic: topics.uploads, service: 'replication' },
  { topic: topics.replication, service: 'metadata-replication' },
] as const;

export interface RestoreLook {
  /** By `performance.now()`: before the database was asked. */
  readonly askedAt: number;
  /** A stored position is before what its group has committed. */
  readonly isBehind: boolean;
}

/** Tell whether the database went back in time behind the uploads, or what became of them. */
export class RestoreWitnesses {
  readonly topics: readonly Topic[] = WITNESSES.map(({ topic }) => topic);
  readonly #witnesses: readonly { readonly name: string; readonly committed: LastCommitted }[];

  /** @param readStored The positions that the database has of a topic, by its name with the prefix. */
  constructor(
    kafka: KafkaConnection,
    private readonly readStored: (topicName: string) => Promise<Offsets>,
  ) {
    this.#witnesses = WITNESSES.map(({ topic, service }) => ({
      name: kafka.topicName(topic),
      committed: new LastCommitted(kafka, topic, service),
    }));
  }

  /** Rejects while the database is away, or Kafka is before its first answer. */
  async look(): Promise<RestoreLook> {
    const committed = await Promise.all(this.#witnesses.map((one) => one.committed.refresh()));
    const askedAt = performance.now();
    const behind = await Promise.all(this.#witnesses.map(({ name }, at) => this.#isBehind(name, committed[at])));
    return { askedAt, isBehind: behind.includes(true) };
  }

  async #isBehind(name: string, committed: Offsets = new Map()): Promise<boolean> {
    const stored = await this.readStored(name);
    return [...committed].some(([partition, offset]) => (stored.get(partition) ?? 0n) < offset);
  }
}

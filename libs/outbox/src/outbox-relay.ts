import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Topic } from '@mirror/events';
import type { EventProducer } from '@mirror/kafka';
import { backoffMs, type Logger, PermanentError, TransientError } from '@mirror/runtime';
import type { Collection, Db } from 'mongodb';
import { DEFAULT_NAME, decodeEvent, type OutboxRow, waiting } from './outbox-row.js';
import { RelayLease } from './relay-lease.js';

export interface OutboxRelayOptions {
  readonly db: Db;
  readonly producer: EventProducer;
  readonly logger: Logger;
  /** Every topic that events are added for; they are created where missing. */
  readonly topics: readonly Topic[];
  /** As the outbox's. */
  readonly name?: string;
  /** How long a holder that died keeps the others waiting; default 15 s. */
  readonly leaseMs?: number;
}

const ROWS_AT_ONCE = 500;
/** Commits of other processes are found so often; own ones are nudged. */
const POLL_MS = 500;
const LEASE_MS = 15_000;
const STOP_TIMEOUT_MS = 3_000;
const BACKOFF = { baseMs: 200, maxMs: 5_000 };

/**
 * Brings committed events to Kafka, at least once, in the order of the database's logical clock. It is *standing by* while
 * another process holds the lease, *relaying* while there are rows, *idle* when there are none, and *waiting* after a failure:
 * rows stay until the broker has acknowledged them.
 */
export class OutboxRelay {
  readonly #rows: Collection<OutboxRow>;
  readonly #lease: RelayLease;
  readonly #leaseMs: number;
  #running: Promise<void> | undefined;
  #stopping = false;
  /** Something was committed since the last look began. */
  #nudged = false;
  #isIdle = false;
  #endRest: () => void = () => {};

  constructor(private readonly options: OutboxRelayOptions) {
    const { db, name = DEFAULT_NAME, leaseMs = LEASE_MS } = options;
    // Majority: what a failover may take back must not be said.
    this.#rows = db.collection(name, { readConcern: { level: 'majority' }, writeConcern: { w: 'majority' } });
    this.#leaseMs = leaseMs;
    this.#lease = new RelayLease(db, name, randomUUID(), leaseMs);
  }

  /** Begins in the background, Kafka or database away or not. */
  start(): void {
    this.#running ??= this.#run();
  }

  /** Ends after the rows in flight, or after three seconds; what is left is relayed by the next one. */
  async stop(): Promise<void> {
    this.#stopping = true;
    this.#endRest();
    const late = sleep(STOP_TIMEOUT_MS, false, { ref: false });
    const ended = await Promise.race([this.#running?.then(() => true), late]);
    // Rows may still be in flight otherwise: then the lease ends by itself.
    if (ended !== false) await this.#lease.release().catch(() => undefined);
  }

  /** Something was committed: look now. */
  nudge(): void {
    this.#nudged = true;
    if (this.#isIdle) this.#endRest();
  }

  async #run(): Promise<void> {
    let attempt = 0;
    let areTopicsEnsured = false;
    while (!this.#stopping) {
      try {
        if (!areTopicsEnsured) await this.options.producer.connection.ensureTopics(this.options.topics);
        areTopicsEnsured = true;
        this.#nudged = false;
        const relayed = await this.#relaySome();
        attempt = 0;
        if (relayed === 0 && !this.#nudged) await this.#idle();
      } catch (error) {
        const waitMs = backoffMs(attempt++, BACKOFF, Math.random());
        this.options.logger.warn({ err: error, waitMs }, 'events could not be relayed, trying again');
        await this.#rest(waitMs);
      }
    }
  }

  /** How many rows were handled; 0 also while another one relays. */
  async #relaySome(): Promise<number> {
    if (!(await this.#lease.keep())) return 0;
    const rows = await this.#rows.find(waiting).sort({ at: 1, _id: 1 }).limit(ROWS_AT_ONCE).toArray();
    const renewing = setInterval(() => this.#lease.take().catch(() => undefined), this.#leaseMs / 4);
    try {
      const byTopic = Object.entries(Object.groupBy(rows, (row) => row.topic));
      const results = await Promise.allSettled(byTopic.map(([name, some]) => this.#relay(name, some ?? [])));
      for (const result of results) if (result.status === 'rejected') throw result.reason;
    } finally {
      clearInterval(renewing);
    }
    return rows.length;
  }

  async #relay(topicName: string, rows: readonly OutboxRow[]): Promise<void> {
    const topic = this.options.topics.find(({ name }) => name === topicName);
    try {
      if (topic === undefined) throw unknownTopicError(topicName);
      if (!this.#lease.held) throw lostLeaseError();
      await this.options.producer.send(
        topic,
        rows.map((row) => decodeEvent(row.event)),
      );
      // The broker has them: only now may they go.
      await this.#rows.deleteMany({ _id: { $in: rows.map((row) => row._id) } });
    } catch (error) {
      if (!(error instanceof PermanentError)) throw error;
      await this.#setAside(topicName, rows, error);
    }
  }

  /** Of several rows only the guilty ones: each is sent alone. */
  async #setAside(topicName: string, rows: readonly OutboxRow[], error: PermanentError): Promise<void> {
    const [only, ...others] = rows;
    if (others.length > 0) {
      for (const row of rows) await this.#relay(topicName, [row]);
      return;
    }
    const refused = { code: error.code, reason: error.message, at: new Date() };
    await this.#rows.updateOne({ _id: only?._id }, { $set: { refused } });
    this.options.logger.error({ err: error, row: String(only?._id), topicName }, 'an event was refused and set aside');
  }

  /** A nudge ends it; the rest after a failure only a stop. */
  async #idle(): Promise<void> {
    this.#isIdle = true;
    await this.#rest(POLL_MS);
    this.#isIdle = false;
  }

  #rest(ms: number): Promise<void> {
    if (this.#stopping) return Promise.resolve();
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, ms);
      this.#endRest = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }
}

const unknownTopicError = (topicName: string): PermanentError =>
  new PermanentError(`No topic ${topicName} is relayed here`, {
    code: 'OUTBOX.UNKNOWN_TOPIC',
    hint: 'Name it in the topics of the relay.',
  });

const lostLeaseError = (): TransientError =>
  new TransientError('The lease of the relay ran out before the events were sent', { code: 'OUTBOX.LEASE_LOST' });

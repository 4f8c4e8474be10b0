import type { CloudEvent, Topic } from '@mirror/events';
import { FatalError } from '@mirror/runtime';
import { type ClientSession, type Collection, type Db, ObjectId, Timestamp } from 'mongodb';
import { DEFAULT_NAME, encodeEvent, type OutboxRow, waiting } from './outbox-row.js';

/** The database stamps a top-level field with its own clock when a document is inserted with this value. */
const STAMPED_BY_DATABASE = new Timestamp({ t: 0, i: 0 });

/** Events that are said if, and only if, the transaction of what they tell of commits. */
export class Outbox {
  readonly #rows: Collection<OutboxRow>;

  /** `name` is the collection's; two services on one database need two. */
  constructor(db: Db, name = DEFAULT_NAME) {
    this.#rows = db.collection(name);
  }

  /** Creates the collection and its index. */
  async init(): Promise<void> {
    await this.#rows.createIndex({ at: 1, _id: 1 });
  }

  /**
   * Adds an event to the transaction of this session. Events of a message key are relayed in the order in which they were
   * added, provided that their transactions conflict, which they do when each of them writes the entity's document *before*
   * or after: one of two at once is then aborted by the database. Call {@link OutboxRelay.nudge} after the commit.
   */
  async add(session: ClientSession, topic: Topic, event: CloudEvent): Promise<void> {
    if (!session.inTransaction()) {
      throw new FatalError('Outbox.add was called outside of a transaction', {
        code: 'OUTBOX.NO_TRANSACTION',
        hint: 'Call it inside session.withTransaction, with that session.',
      });
    }
    const row = { _id: new ObjectId(), at: STAMPED_BY_DATABASE, topic: topic.name, event: encodeEvent(event) };
    await this.#rows.insertOne(row, { session });
  }

  /** Events committed and not yet on Kafka, without those that Kafka refused for good. */
  pending(): Promise<number> {
    return this.#rows.countDocuments(waiting);
  }
}

import { Binary, type Collection, type Db } from 'mongodb';

/** A message that could not be applied. `_id` says where it was: topic, partition and offset. */
export interface DeadLetterDocument {
  readonly _id: string;
  /** False: applied or discarded. It stays for a while without its message, so that a replay does not bring it back. */
  readonly open: boolean;
  readonly mirrorId: string;
  readonly bucket: string;
  /** The object's; null where the message does not tell. */
  readonly key: string | null;
  /** Of the last try. */
  readonly code: string;
  readonly reason: string;
  readonly at: Date;
  readonly retries: number;
  readonly lastTriedAt: Date | null;
  readonly message: StoredMessage | null;
  readonly settledAt?: Date;
}

/** As it came. Header names and values are pairs, because names may hold dots. */
export interface StoredMessage {
  readonly headers: ReadonlyArray<readonly [name: string, value: string]>;
  readonly value: Binary | null;
}

export type OpenLetter = DeadLetterDocument & { readonly message: StoredMessage };
export type NewLetter = Pick<DeadLetterDocument, '_id' | 'mirrorId' | 'bucket' | 'key' | 'code' | 'reason' | 'at'> & {
  readonly headers: Readonly<Record<string, string>>;
  readonly value: Buffer | null;
};

/** Longer than a dead letter stays on its topic, the last file of which may be twice as old as its retention. */
const SETTLED_DAYS = 60;
const DAY_SECONDS = 86_400;

/** The dead letters of mirrors that are alive, until they are applied or an operator discards them. */
export class DeadLetterStore {
  private readonly letters: Collection<DeadLetterDocument>;

  constructor(db: Db) {
    this.letters = db.collection('deadLetters', { writeConcern: { w: 'majority' } });
  }

  async init(): Promise<void> {
    await this.letters.createIndexes([
      { key: { mirrorId: 1, _id: 1 }, name: 'mirror' },
      { key: { settledAt: 1 }, name: 'settled', expireAfterSeconds: SETTLED_DAYS * DAY_SECONDS, sparse: true },
    ]);
  }

  /** A letter that is known already, settled ones included, stays as it is. */
  async keep(letters: readonly NewLetter[]): Promise<void> {
    if (letters.length === 0) return;
    const operations = letters.map(({ _id, headers, value, ...letter }) => {
      const message = { headers: Object.entries(headers), value: value && new Binary(value) };
      const fresh = { ...letter, open: true, retries: 0, lastTriedAt: null, message };
      return { updateOne: { filter: { _id }, update: { $setOnInsert: fresh }, upsert: true } };
    });
    await this.letters.bulkWrite(operations, { ordered: false });
  }

  /** Open ones by id, from after `after` on; one more than `limit`, where there are more. */
  page(limit: number, after?: string, mirrorId?: string): Promise<OpenLetter[]> {
    const filter = {
      open: true,
      ...(mirrorId === undefined ? {} : { mirrorId }),
      ...(after === undefined ? {} : { _id: { $gt: after } }),
    };
    return this.letters
      .find<OpenLetter>(filter)
      .sort({ _id: 1 })
      .limit(limit + 1)
      .toArray();
  }

  find(_id: string): Promise<OpenLetter | null> {
    return this.letters.findOne<OpenLetter>({ _id, open: true });
  }

  /** Open ones of a mirror. @param ids Null: all. */
  open(mirrorId: string, ids: readonly string[] | null): AsyncIterable<OpenLetter> {
    const named = ids === null ? {} : { _id: { $in: [...ids] } };
    return this.letters.find<OpenLetter>({ mirrorId, open: true, ...named }).sort({ _id: 1 });
  }

  /** It was tried, and stays with its new reason. */
  async failedAgain(_id: string, { code, reason }: { readonly code: string; readonly reason: string }): Promise<void> {
    await this.letters.updateOne(
      { _id, open: true },
      { $set: { code, reason }, $inc: { retries: 1 }, $currentDate: { lastTriedAt: true } },
    );
  }

  /** Applied, or given up. @param ids Null: all of the mirror. */
  async settle(mirrorId: string, ids: readonly string[] | null): Promise<void> {
    const named = ids === null ? {} : { _id: { $in: [...ids] } };
    await this.letters.updateMany(
      { mirrorId, open: true, ...named },
      { $set: { open: false, message: null }, $currentDate: { settledAt: true } },
    );
  }

  /** The mirrors that have letters, current or not. */
  mirrorIds(): Promise<string[]> {
    return this.letters.distinct('mirrorId');
  }

  /** The life of the mirror ended. */
  async forget(mirrorId: string): Promise<void> {
    await this.letters.deleteMany({ mirrorId });
  }
}

import type { LogicalTime } from '@mirror/events';
import type { Collection, Db } from 'mongodb';

/** The revision of the last command that was carried out here, of each mirror (rule R2). */
export class DoneCommands {
  readonly #done: Collection<{ readonly _id: string; readonly revision: LogicalTime }>;

  constructor(db: Db) {
    this.#done = db.collection('replicationCommands', { writeConcern: { w: 'majority' } });
  }

  /** '0': none was. */
  async lastRevision(mirrorId: string): Promise<LogicalTime> {
    return (await this.#done.findOne({ _id: mirrorId }))?.revision ?? '0';
  }

  /** After the command's effect, so that one cut off in between is done again. */
  async markDone(mirrorId: string, revision: LogicalTime): Promise<void> {
    await this.#done.updateOne({ _id: mirrorId }, { $set: { revision } }, { upsert: true });
  }

  async mirrorIds(): Promise<string[]> {
    return (await this.#done.find({}, { projection: { _id: 1 } }).toArray()).map(({ _id }) => _id);
  }

  async forget(mirrorId: string): Promise<void> {
    await this.#done.deleteOne({ _id: mirrorId });
  }
}

import { type Collection, type Db, type Document, MongoClient } from 'mongodb';

/** The database of this service. Collections start with `config.`: the services may share one database. */
export class ConfigDatabase {
  readonly db: Db;

  private constructor(readonly client: MongoClient) {
    this.db = client.db();
  }

  /** @param url With the database in its path. Rejects when there is no primary within 5 s. */
  static async connect(url: string): Promise<ConfigDatabase> {
    const client = new MongoClient(url, {
      appName: 'zenko-mirror-config',
      writeConcern: { w: 'majority' },
      readConcern: { level: 'majority' },
      serverSelectionTimeoutMS: 5_000,
    });
    await client.connect();
    return new ConfigDatabase(client);
  }

  collection<T extends Document>(name: string): Collection<T> {
    return this.db.collection<T>(`config.${name}`);
  }

  /** By the database's clock: hours that several instances compare are never read from a process's. */
  async now(): Promise<Date> {
    const { localTime } = await this.db.command({ hello: 1 });
    if (!(localTime instanceof Date)) throw new Error('MongoDB told no local time');
    return localTime;
  }

  async check(): Promise<void> {
    await this.db.command({ ping: 1 }, { timeoutMS: 2_000 });
  }

  close(): Promise<void> {
    return this.client.close();
  }
}

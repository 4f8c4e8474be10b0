import { type Db, MongoClient } from 'mongodb';
import { freshName, testServers } from './servers.js';

export interface FreshDatabase {
  db: Db;
  /** Names this database, as a service's MONGODB_URL does. */
  url: string;
  /** Drops the database and closes the connection. */
  drop(): Promise<void>;
}

/** A database that nothing else uses. */
export async function freshDatabase(prefix = 'test'): Promise<FreshDatabase> {
  const name = freshName(prefix);
  const url = new URL(testServers().mongodbUrl);
  url.pathname = `/${name}`;
  const client = await MongoClient.connect(url.href);
  const db = client.db(name);
  return {
    db,
    url: url.href,
    drop: async () => {
      await db.dropDatabase();
      await client.close();
    },
  };
}

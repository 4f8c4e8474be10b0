import { MongoClient } from 'mongodb';

/** A connection whose writes are acknowledged by the majority: no offset is resolved, no answer given on less. */
export async function openMongo(url: string, service: string): Promise<MongoClient> {
  const client = new MongoClient(url, {
    appName: `zenko-mirror-${service}`,
    writeConcern: { w: 'majority' },
    retryWrites: true,
    serverSelectionTimeoutMS: 5_000,
    ignoreUndefined: true,
  });
  await client.connect();
  return client;
}

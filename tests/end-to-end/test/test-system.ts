import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type FreshDatabase, freshDatabase, freshName, testServers } from '@mirror/testing';
import { type S3Access, type System, type SystemOptions, startSystem } from '../src/index.js';

export interface TestSystem {
  readonly system: System;
  readonly topicPrefix: string;
  /** What all of its services keep. */
  readonly db: FreshDatabase['db'];
  stop(): Promise<void>;
}

/** Services on the run's servers, with a database and topics of their own. */
export async function startTestSystem(
  options: Partial<Pick<SystemOptions, 'environment' | 'kafkaBrokers' | 'pollers' | 'ports' | 'replications'>> = {},
): Promise<TestSystem> {
  const database = await freshDatabase('e2e');
  const folder = mkdtempSync(join(tmpdir(), 'mirror-e2e-'));
  const topicPrefix = `${freshName('e2e')}.`;
  const cleanUp = async () => {
    await database.drop();
    rmSync(folder, { recursive: true, force: true, maxRetries: 3 });
  };
  const { kafkaBrokers } = testServers();
  const start = startSystem({ mongodbUrl: database.url, kafkaBrokers, topicPrefix, folder, ...options });
  const system = await start.catch(async (error: unknown) => {
    await cleanUp();
    throw error;
  });
  const stop = async () => {
    await system.stop();
    await cleanUp();
  };
  return { system, topicPrefix, db: database.db, stop };
}

/** The stand-in connector's root user at one bucket. */
export function connectorAccess(bucket: string): S3Access {
  return { ...testServers().connector, bucket };
}

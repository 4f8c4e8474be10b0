import { randomBytes } from 'node:crypto';
import { inject } from 'vitest';
import type { Way } from './choose-way.js';

/** Where this run's servers are. `connector` is MinIO, the stand-in for S3 Connector, with its root user's keys. */
export interface TestServers {
  /** How this run started them; not there for servers that ran already. */
  way?: Way;
  /** Without a database's name in it. */
  mongodbUrl: string;
  kafkaBrokers: string[];
  connector: ConnectorAddress;
}

export interface ConnectorAddress {
  endpoint: string;
  region: string;
  accessKeyId: string;
  secretAccessKey: string;
}

declare module 'vitest' {
  interface ProvidedContext {
    servers: TestServers | null;
  }
}

/** The servers of this run. Only files named `*.int.test.ts` may ask: a run without such a file starts none. */
export function testServers(): TestServers {
  const servers = inject('servers');
  if (servers === null) throw new Error('No servers in this run: name a test that needs them *.int.test.ts');
  return servers;
}

/** A name that no other file and no earlier run has, valid for a database, a bucket and a topic prefix. */
export function freshName(prefix: string): string {
  return `${prefix}-${randomBytes(5).toString('hex')}`;
}

import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { configEnv } from '../../../services/config/src/env.js';
import { gatewayEnv } from '../../../services/gateway/src/env.js';
import { metadataEnv } from '../../../services/metadata/src/env.js';
import { pollerEnv } from '../../../services/poller/src/env.js';
import { replicationEnv } from '../../../services/replication/src/env.js';
import { withEnvironmentTable } from './environment-table.js';

const root = join(import.meta.dirname, '../../..');
const services = [
  ['config', configEnv],
  ['poller', pollerEnv],
  ['metadata', metadataEnv],
  ['gateway', gatewayEnv],
  ['replication', replicationEnv],
] as const;

describe('the README', () => {
  it('has a row for every variable that a service reads (npm run docs writes them)', () => {
    const path = join(root, 'README.md');
    const expected = withEnvironmentTable(readFileSync(path, 'utf8'), services);
    if (process.env.UPDATE_DOCS === 'true') writeFileSync(path, expected);
    expect(readFileSync(path, 'utf8')).toBe(expected);
  });
});

describe('the links of the documents', () => {
  it.each(['README.md', 'ARCHITECTURE.md', 'SPEC.md', 'LIMITATIONS.md'])('of %s lead to files', (name) => {
    const text = readFileSync(join(root, name), 'utf8');
    const targets = [...text.matchAll(/\]\(([^)#:]+)(#[^)]*)?\)/g)].map((match) => match[1] ?? '');
    const missing = targets.filter((target) => !existsSync(join(root, dirname(name), target)));
    expect(missing).toEqual([]);
  });
});

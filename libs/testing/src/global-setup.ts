import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { identifyProcess, isRunning, type ProcessIdentity } from '@mirror/local';
import type { TestProject } from 'vitest/node';
import type { TestServers } from './servers.js';
import { startSet } from './start-set.js';

const folderPrefix = 'mirror-test-';
const ownerFile = 'owner.json';
/** Written by `npm run servers`: a set that outlives the runs, for whoever runs tests often. */
const sharedSetFile = fileURLToPath(new URL('../../../.local/test-servers.json', import.meta.url));

/**
 * One set of servers for the whole run, on free ports, with data of its own that is removed at the end. Runs of nothing
 * but unit tests get none. A set that runs already is used instead: the one of `npm run servers`, or the one that
 * MIRROR_TEST_SERVERS names by its file; not so when TEST_SERVERS says how they are to be started.
 */
export default async function setUp(project: TestProject): Promise<() => Promise<void>> {
  const shared = runningSet();
  if (!project.vitest.state.getPaths().some(needsServers)) project.provide('servers', null);
  else if (shared !== null) project.provide('servers', shared);
  else return startOwnSet(project);
  return async () => {};
}

function needsServers(testFile: string): boolean {
  return /\.int\.test\.ts$/.test(testFile);
}

async function startOwnSet(project: TestProject): Promise<() => Promise<void>> {
  sweepAbandoned();
  const folder = mkdtempSync(join(tmpdir(), folderPrefix));
  const remove = () => rmSync(folder, { recursive: true, force: true, maxRetries: 3 });
  process.once('exit', remove); // the way out of a second Ctrl-C; the servers end with this process
  writeFileSync(join(folder, ownerFile), JSON.stringify(identifyProcess(process.pid)));
  const { servers, stop } = await startSet(folder, (line) => process.stderr.write(`${line}\n`));
  project.provide('servers', servers);
  return async () => {
    await stop();
    remove();
  };
}

function runningSet(): TestServers | null {
  if (process.env.TEST_SERVERS) return null;
  const file = process.env.MIRROR_TEST_SERVERS ?? sharedSetFile;
  const set = readJson(file) as (TestServers & { process?: ProcessIdentity }) | null;
  if (set === null) return null;
  return set.process === undefined || isRunning(set.process) ? set : null; // without a process: Docker's, or another machine's
}

/** Removes the data of runs that were killed before they could do so themselves. */
function sweepAbandoned(): void {
  for (const name of readdirSync(tmpdir())) {
    if (!name.startsWith(folderPrefix)) continue;
    const owner = readJson(join(tmpdir(), name, ownerFile)) as ProcessIdentity | null;
    if (owner !== null && !isRunning(owner)) rmSync(join(tmpdir(), name), { recursive: true, force: true });
  }
}

function readJson(file: string): unknown {
  try {
    return JSON.parse(readFileSync(file, 'utf8'));
  } catch {
    return null; // not there, or being written
  }
}

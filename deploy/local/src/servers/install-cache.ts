import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { identifyProcess, isRunning, type ProcessIdentity } from '../process-identity.js';

/** Takes one line of progress for a person to read. */
export type Report = (line: string) => void;

const waitBetweenLooksMs = 500;

/**
 * The folder of an installed server; `build` fills an empty folder when there is none yet. The folder appears under its
 * final name only when complete, so a build that died half-way is never used. Of several clones that install the same
 * at once, one builds and the others wait.
 */
export async function installOnce(
  name: string,
  report: Report,
  build: (folder: string) => Promise<void>,
): Promise<string> {
  const folder = join(cacheRoot(), name);
  if (existsSync(folder)) return folder;
  await mkdir(cacheRoot(), { recursive: true });
  const unlock = await lock(`${folder}.lock`, () => report(`${name}: another process installs it, waiting`));
  try {
    if (!existsSync(folder)) await buildAside(folder, build);
  } finally {
    await unlock();
  }
  return folder;
}

/** Where installed servers are kept: outside of what git tracks, shared by all clones of one user. */
export function cacheRoot(): string {
  return join(process.env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'zenko-mirror');
}

async function buildAside(folder: string, build: (folder: string) => Promise<void>): Promise<void> {
  const aside = `${folder}.${randomBytes(6).toString('hex')}.tmp`;
  await mkdir(aside);
  try {
    await build(aside);
    await rename(aside, folder);
  } finally {
    await rm(aside, { recursive: true, force: true });
  }
}

/**
 * Waits for the lock file and answers its release. A lock whose holder is gone is taken over. Two waiters may take it over
 * in the same moment: then both build, each aside, and the second rename fails on the folder of the first, harmlessly.
 */
async function lock(path: string, onWait: () => void): Promise<() => Promise<void>> {
  const me = JSON.stringify(identifyProcess(process.pid));
  for (let looks = 0; ; looks += 1) {
    try {
      await writeFile(path, me, { flag: 'wx' });
      return () => rm(path, { force: true });
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    }
    if (await isAbandoned(path)) await rm(path, { force: true });
    else if (looks === 0) onWait();
    await sleep(waitBetweenLooksMs);
  }
}

async function isAbandoned(path: string): Promise<boolean> {
  const text = await readFile(path, 'utf8').catch(() => '');
  if (text === '') return false; // released just now, or being written
  return !isRunning(JSON.parse(text) as ProcessIdentity);
}

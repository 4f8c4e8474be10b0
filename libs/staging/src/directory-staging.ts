import { constants } from 'node:fs';
import { access, mkdir, open, opendir, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { PermanentError, TransientError } from '@mirror/runtime';
import { Fingerprint } from './fingerprint.js';
import { type ByteRange, STAGED_ID, type StagedBytes, type StagedEntry, type Staging } from './staging.js';

/** Of one read from the disk: each costs a way to another thread and back. */
const READ_BYTES = 256 * 1024;

/**
 * One file for each staged id, in one directory: as durable as its disk. A file that a crash left half-written has an intent
 * that nobody commits, and goes with it.
 */
export class DirectoryStaging implements Staging {
  /** The sync of the directory that has not begun yet: it covers every file made before it begins. */
  #nextSync: Promise<void> | undefined;
  #lastSync: Promise<void> = Promise.resolve();

  constructor(private readonly directory: string) {}

  async write(stagedId: string, body: AsyncIterable<Uint8Array>): Promise<StagedBytes> {
    const path = this.#path(stagedId);
    const file = await open(path, 'wx', 0o600).catch((error: unknown) => {
      throw translate(error, stagedId);
    });
    const fingerprint = new Fingerprint(body);
    try {
      await pipeline(fingerprint, file.createWriteStream({ flush: true })); // flush: fsync before it is closed
      await this.#syncDirectory(); // or the name could be lost with the power, though the bytes are not
    } catch (error) {
      await rm(path, { force: true }).catch(() => {}); // its intent is left: the sweep tries again
      throw fingerprint.failed ? error : translate(error, stagedId);
    }
    return fingerprint.result();
  }

  async read(stagedId: string, range?: ByteRange): Promise<Readable> {
    const path = this.#path(stagedId);
    try {
      const file = await open(path, 'r'); // from now on a removal does not hurt
      const { first: start = 0, last: end } = range ?? {};
      return file.createReadStream({ start, end, highWaterMark: READ_BYTES });
    } catch (error) {
      throw translate(error, stagedId);
    }
  }

  async remove(stagedId: string): Promise<void> {
    await rm(this.#path(stagedId), { force: true }).catch((error: unknown) => {
      throw translate(error, stagedId);
    });
  }

  async *list(): AsyncGenerator<StagedEntry> {
    for await (const entry of await opendir(this.directory)) {
      if (!entry.isFile() || !STAGED_ID.test(entry.name)) continue;
      const found = await stat(join(this.directory, entry.name)).catch(() => null); // removed meanwhile
      if (found) yield { stagedId: entry.name, size: found.size, at: found.mtime };
    }
  }

  async check(): Promise<void> {
    try {
      await mkdir(this.directory, { recursive: true, mode: 0o700 });
      await access(this.directory, constants.R_OK | constants.W_OK | constants.X_OK);
    } catch (error) {
      throw translate(error, '');
    }
  }

  close(): void {}

  #path(stagedId: string): string {
    if (!STAGED_ID.test(stagedId)) throw new RangeError(`not a staged id: ${stagedId}`);
    return join(this.directory, stagedId);
  }

  /** One sync at a time: those who ask while one is under way share the next. */
  #syncDirectory(): Promise<void> {
    this.#nextSync ??= this.#lastSync
      .catch(() => {}) // theirs, not ours
      .then(() => {
        this.#nextSync = undefined;
        this.#lastSync = syncDirectory(this.directory);
        return this.#lastSync;
      });
    return this.#nextSync;
  }
}

async function syncDirectory(path: string): Promise<void> {
  const handle = await open(path, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

const FULL: ReadonlySet<unknown> = new Set(['ENOSPC', 'EDQUOT']);

function translate(error: unknown, stagedId: string): Error {
  const { code, message } = error as NodeJS.ErrnoException;
  const details = { cause: error, context: { stagedId } };
  if (code === 'ENOENT' && stagedId !== '') {
    return new PermanentError('The staged bytes are not there', {
      ...details,
      code: 'STAGING.MISSING',
      hint: 'They were pushed or given up meanwhile. If not, the staging directory is another one, or lost files.',
    });
  }
  if (FULL.has(code)) {
    return new TransientError('The staging directory is full', {
      ...details,
      code: 'STAGING.FULL',
      hint: 'Make room on its disk. Uploads go on by themselves.',
    });
  }
  return new TransientError(`The staging directory does not work: ${message}`, {
    ...details,
    code: 'STAGING.UNAVAILABLE',
    hint: 'See that the directory of STAGING_URL exists, and that the service may write into it.',
  });
}

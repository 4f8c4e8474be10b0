import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';

/** The SHA-256 of a file, in hex. */
export async function sha256OfFile(path: string): Promise<string> {
  const hash = createHash('sha256');
  await pipeline(createReadStream(path), hash);
  return hash.digest('hex');
}

/** Fails unless the file has that SHA-256. */
export async function verifyFile(path: string, expected: string): Promise<void> {
  const actual = await sha256OfFile(path);
  if (actual !== expected) throw new Error(`${path} is not what was pinned: SHA-256 ${actual}, expected ${expected}`);
}

/** Reads the format of `sha256sum`: file name to hash. */
export function parseSums(text: string): Map<string, string> {
  const sums = new Map<string, string>();
  for (const line of text.split('\n')) {
    const match = /^([0-9a-f]{64}) [ *](.+)$/.exec(line);
    if (match?.[1] && match[2]) sums.set(match[2], match[1]);
    else if (line.trim() !== '') throw new Error(`Not a line of sha256sum: ${line}`);
  }
  return sums;
}

/** Fails unless the folder holds exactly the files of `sums`, none more, none less, each with its hash. */
export async function verifyFolder(folder: string, sums: Map<string, string>): Promise<void> {
  const present = await readdir(folder);
  const unknown = present.filter((name) => !sums.has(name));
  const absent = [...sums.keys()].filter((name) => !present.includes(name));
  if (unknown.length > 0) throw new Error(`${folder} holds what was not pinned: ${unknown.join(', ')}`);
  if (absent.length > 0) throw new Error(`${folder} misses what was pinned: ${absent.join(', ')}`);
  for (const [name, sum] of sums) await verifyFile(join(folder, name), sum);
}

import { createHash } from 'node:crypto';
import type { Staging } from '../src/index.js';

export const md5Of = (bytes: Uint8Array): string => createHash('md5').update(bytes).digest('hex');

export async function* inChunks(bytes: Uint8Array, size: number): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.byteLength; at += size) yield bytes.subarray(at, at + size);
}

export async function* cutAfter(bytes: Uint8Array, error: Error): AsyncGenerator<Uint8Array> {
  yield* inChunks(bytes, 65_536);
  throw error;
}

export async function bytesOf(body: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of body) chunks.push(chunk);
  return Buffer.concat(chunks);
}

export async function listed(staging: Staging): Promise<Map<string, number>> {
  const entries = new Map<string, number>();
  for await (const { stagedId, size } of staging.list()) entries.set(stagedId, size);
  return entries;
}

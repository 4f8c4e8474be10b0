import { readdir } from 'node:fs/promises';
import { waitFor } from '@mirror/testing';
import type { System } from './system.js';

/** Nothing of a bucket waits to be brought to its connector any more. Fails in the end with the count of those that failed. */
export async function waitUntilPushed(system: System, bucket: string, timeoutMs = 180_000): Promise<void> {
  const pushed = async () => {
    const { uploads } = await system.status(bucket);
    if (uploads && uploads.failed > 0) throw new Error(`${uploads.failed} operations failed`);
    return uploads?.waiting === 0;
  };
  await waitFor(pushed, { what: 'every upload to be pushed', timeoutMs, intervalMs: 200 });
}

export async function waitUntilStagingIsEmpty(system: System): Promise<void> {
  const files = async () => {
    const found = await readdir(system.stagingFolder, { recursive: true, withFileTypes: true });
    return found.filter((entry) => entry.isFile()).length;
  };
  await waitFor(async () => (await files()) === 0, { what: 'staging to be empty', timeoutMs: 90_000, intervalMs: 500 });
}

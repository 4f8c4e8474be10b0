import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterEach, expect, it, vi } from 'vitest';
import { inChunks } from './bodies.js';

const synced = vi.hoisted(() => ({ order: [] as string[], failDirectory: false }));

/** The real file system, which also tells what was made durable, and in which order. */
vi.mock('node:fs/promises', async (original) => {
  const fs = await original<typeof import('node:fs/promises')>();
  const open: typeof fs.open = async (...args) => {
    const handle = await fs.open(...args);
    const sync = handle.sync.bind(handle);
    handle.sync = async () => {
      const what = args[1] === 'r' ? 'directory' : 'file';
      synced.order.push(what);
      if (synced.failDirectory && what === 'directory')
        throw Object.assign(new Error('the disk is broken'), { code: 'EIO' });
      await sync();
    };
    return handle;
  };
  return { ...fs, open };
});

const { openStaging } = await import('../src/index.js');
const path = await mkdtemp(join(tmpdir(), 'staging-'));
const staging = await openStaging(pathToFileURL(path).href);
afterEach(() => {
  synced.order.length = 0;
  synced.failDirectory = false;
});

it('a write resolves after the file was synced, and then the directory', async () => {
  await staging.write('one', inChunks(Buffer.from('text'), 2));
  expect(synced.order).toEqual(['file', 'directory']);
});

it('writes at the same time share syncs of the directory, none of which begins before its file was synced', async () => {
  const ids = Array.from({ length: 20 }, (_, index) => `many-${index}`);
  await Promise.all(ids.map((id) => staging.write(id, inChunks(Buffer.from(id), 2))));
  expect(synced.order.filter((what) => what === 'file')).toHaveLength(20);
  expect(synced.order.at(-1)).toBe('directory');
  expect(synced.order.filter((what) => what === 'directory').length).toBeLessThan(20);
});

it('where the directory can’t be synced the write fails, and leaves nothing', async () => {
  synced.failDirectory = true;
  const written = staging.write('broken', inChunks(Buffer.from('text'), 2));
  await expect(written).rejects.toMatchObject({ code: 'STAGING.UNAVAILABLE' });
  await expect(staging.read('broken')).rejects.toMatchObject({ code: 'STAGING.MISSING' });
  await rm(path, { recursive: true });
});

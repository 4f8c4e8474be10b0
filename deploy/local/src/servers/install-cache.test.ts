import { existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { cacheRoot, installOnce } from './install-cache.js';

let folder: string;
const silent = () => {};
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'cache-'));
  vi.stubEnv('XDG_CACHE_HOME', folder);
});
afterEach(() => {
  vi.unstubAllEnvs();
  rmSync(folder, { recursive: true });
});

test('of two who install at once one builds, and both get the same folder', async () => {
  let builds = 0;
  const build = async (target: string) => {
    builds += 1;
    writeFileSync(join(target, 'server'), '');
  };
  const folders = await Promise.all([installOnce('a', silent, build), installOnce('a', silent, build)]);
  expect(builds).toBe(1);
  expect(folders[0]).toBe(folders[1]);
  expect(readdirSync(cacheRoot())).toEqual(['a']);
});

test('a build that fails leaves nothing, and the next one begins anew', async () => {
  const failing = installOnce('a', silent, () => Promise.reject(new Error('no network')));
  await expect(failing).rejects.toThrow('no network');
  expect(readdirSync(cacheRoot())).toEqual([]);
  const built = await installOnce('a', silent, async (target) => writeFileSync(join(target, 'server'), ''));
  expect(existsSync(join(built, 'server'))).toBe(true);
});

test('the lock of a process that is gone is taken over', async () => {
  await installOnce('other', silent, async () => {});
  writeFileSync(join(cacheRoot(), 'a.lock'), JSON.stringify({ pid: process.pid, startTime: '1' }));
  await installOnce('a', silent, async () => {});
  expect(readdirSync(cacheRoot()).sort()).toEqual(['a', 'other']);
});

import { mkdtemp, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { expect, it } from 'vitest';
import { openStaging } from './open-staging.js';

it.each([
  'staging',
  '/srv/staging',
  'http://host/bucket',
  'file://host/dir',
  'file:///',
  's3://bucket',
  's3://bucket?endpoint=host:9000',
])('refuses %s, and says how it should be', async (url) => {
  const keys = { STAGING_ACCESS_KEY_ID: 'a', STAGING_SECRET_ACCESS_KEY: 'b' };
  await expect(openStaging(url, keys)).rejects.toMatchObject({
    name: 'FatalError',
    code: 'STAGING.INVALID_URL',
    hint: expect.stringContaining('s3://bucket/prefix'),
  });
});

it('refuses a bucket without keys', async () => {
  await expect(openStaging('s3://bucket?endpoint=http://127.0.0.1:9000')).rejects.toThrow('STAGING_ACCESS_KEY_ID');
});

it('makes the directory that it names, for the service alone', async () => {
  const path = await mkdtemp(join(tmpdir(), 'staging-'));
  const directory = join(path, 'deep', 'ü b');
  await openStaging(pathToFileURL(directory).href);
  expect((await stat(directory)).mode & 0o777).toBe(0o700);
  await rm(path, { recursive: true });
});

it('says of a directory that can’t be made that it may work later', async () => {
  const path = await mkdtemp(join(tmpdir(), 'staging-'));
  await writeFile(join(path, 'file'), '');
  const opened = openStaging(pathToFileURL(join(path, 'file')).href);
  await expect(opened).rejects.toMatchObject({ name: 'TransientError', code: 'STAGING.UNAVAILABLE' });
  await rm(path, { recursive: true });
});

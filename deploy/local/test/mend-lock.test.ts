import { expect, test } from 'vitest';
import { mendLock } from '../../../tools/mend-lock.js';

test('a platform package that is missing is added with the platform its name tells, and only that', () => {
  const optionalDependencies = { '@nx/nx-linux-x64-musl': '1.0.0', '@nx/nx-linux-x64-gnu': '1.0.0', fsevents: '2.0.0' };
  const known = { version: '1.0.0' };
  const lock = {
    packages: { 'node_modules/nx': { optionalDependencies }, 'node_modules/@nx/nx-linux-x64-gnu': known },
  };
  expect(mendLock(lock)).toEqual(['@nx/nx-linux-x64-musl']);
  const added = { version: '1.0.0', optional: true, cpu: ['x64'], libc: ['musl'], os: ['linux'] };
  expect(lock.packages).toMatchObject({ 'node_modules/@nx/nx-linux-x64-musl': added });
  expect(mendLock(lock)).toEqual([]);
});

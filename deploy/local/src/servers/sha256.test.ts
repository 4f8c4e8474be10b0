import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { parseSums, verifyFile, verifyFolder } from './sha256.js';

const sumOfA = 'ca978112ca1bbdcafac231b39a23dc4da786eff8147c4e72b9807785afee48bb';
let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'sums-'));
  writeFileSync(join(folder, 'a.jar'), 'a');
});
afterEach(() => rmSync(folder, { recursive: true }));

test('a file with the pinned hash passes, and with another it does not', async () => {
  await expect(verifyFile(join(folder, 'a.jar'), sumOfA)).resolves.toBeUndefined();
  writeFileSync(join(folder, 'a.jar'), 'b');
  await expect(verifyFile(join(folder, 'a.jar'), sumOfA)).rejects.toThrow(/not what was pinned/);
});

test('a folder must hold what is pinned, no file more and no file less', async () => {
  const sums = parseSums(`${sumOfA}  a.jar\n`);
  await expect(verifyFolder(folder, sums)).resolves.toBeUndefined();
  await expect(verifyFolder(folder, new Map([...sums, ['b.jar', sumOfA]]))).rejects.toThrow(/misses.*b\.jar/);
  writeFileSync(join(folder, 'c.jar'), 'c');
  await expect(verifyFolder(folder, sums)).rejects.toThrow(/not pinned: c\.jar/);
});

test('what sha256sum does not write is refused', () => {
  expect(() => parseSums('abc  a.jar')).toThrow(/Not a line of sha256sum/);
});

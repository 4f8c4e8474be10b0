import { expect, test } from 'vitest';
import { waysToTry } from './choose-way.js';

test('an engine that answers is taken first, and none means processes of this machine', () => {
  expect(waysToTry(undefined, true)).toEqual(['containers', 'native']);
  expect(waysToTry('', false)).toEqual(['native']);
});

test('a setting is the only way, with and without an engine', () => {
  for (const hasEngine of [true, false]) {
    expect(waysToTry('native', hasEngine)).toEqual(['native']);
    expect(waysToTry('containers', hasEngine)).toEqual(['containers']);
  }
});

test('a setting that is no way is refused', () => {
  expect(() => waysToTry('docker', true)).toThrow('TEST_SERVERS is native or containers, or not set; not "docker"');
});

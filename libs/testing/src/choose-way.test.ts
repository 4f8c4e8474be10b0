import { expect, test } from 'vitest';
import { firstThatWorks, waysToTry } from './choose-way.js';

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

const fails = (reason: string) => () => Promise.reject(new Error(reason));
const works = (way: string) => () => Promise.resolve(way);
const silent = () => {};

test('images that can not be made leave the processes', async () => {
  const said: string[] = [];
  const start = { containers: fails('no base image'), native: works('native') };
  expect(await firstThatWorks(['containers', 'native'], start, (line) => said.push(line))).toBe('native');
  expect(said).toEqual(["The servers can't be had this way. containers: no base image"]);
});

test('neither to be had fails, with the reason of each', async () => {
  const start = { containers: fails('no base image'), native: fails('no Java') };
  const none = firstThatWorks(['containers', 'native'], start, silent);
  await expect(none).rejects.toThrow('No servers for the tests.\ncontainers: no base image\nnative: no Java');
});

import { expect, test } from 'vitest';
import { findFaults } from '../../../tools/check-packages.js';

const pack = (folder: string, ...dependencies: string[]) => {
  const name = `@mirror/${folder.split('/')[1]}`;
  return { name, folder, dependencies: dependencies.map((each) => `@mirror/${each}`) };
};

test('services on libraries on libraries are in order', () => {
  expect(findFaults([pack('services/poller', 'kafka'), pack('libs/kafka', 'events'), pack('libs/events')])).toEqual([]);
});

test('a circle is found, wherever it begins', () => {
  const faults = findFaults([pack('libs/a', 'b'), pack('libs/b', 'c'), pack('libs/c', 'b')]);
  expect(faults).toEqual(['Packages depend on each other in a circle: @mirror/b → @mirror/c → @mirror/b']);
});

test('a service on a service, and a package that is not there, are faults', () => {
  const faults = findFaults([pack('services/poller', 'config'), pack('services/config', 'nothing')]);
  expect(faults).toEqual([
    'services/poller depends on the service @mirror/config; no package may',
    '@mirror/config depends on @mirror/nothing: no such package',
  ]);
});

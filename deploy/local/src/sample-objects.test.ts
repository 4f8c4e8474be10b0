import { expect, test } from 'vitest';
import { sampleObjects } from './sample-objects.js';

const objects = sampleObjects(3000);
const steps = objects.flatMap((object) => object.steps);

test('the sample holds about as many versions as asked for', () => {
  const versions = steps.filter(({ kind }) => kind !== 'removeVersion').length;
  expect(versions).toBeGreaterThan(2900);
  expect(versions).toBeLessThan(3100);
});

test('every key comes once, and none is the folder of another, which MinIO would not list', () => {
  const keys = new Set(objects.map(({ key }) => key));
  expect(keys.size).toBe(objects.length);
  for (const key of keys) {
    const parts = key.split('/');
    for (let depth = 1; depth < parts.length; depth++) expect(keys.has(parts.slice(0, depth).join('/'))).toBe(false);
  }
});

test('every kind of thing that can happen to a version is in it', () => {
  expect(new Set(steps.map(({ kind }) => kind))).toEqual(new Set(['put', 'deleteMarker', 'removeVersion']));
  expect(objects.some(({ beforeVersioning }) => beforeVersioning)).toBe(true);
  expect(steps.some((step) => step.kind === 'put' && Object.keys(step.tags).length > 0)).toBe(true);
  expect(steps.some((step) => step.kind === 'put' && Object.keys(step.metadata).length > 0)).toBe(true);
});

import type { ObjectDescription } from '@mirror/events';
import type { StoredDescription } from '@mirror/namespace';
import { expect, it } from 'vitest';
import { isSameDescription } from './same-description.js';

const stored: StoredDescription = {
  contentType: 'text/plain',
  headers: [['cache-control', 'no-store']],
  metadata: [],
  tags: [
    ['a', '1'],
    ['b', '2'],
  ],
};
const read: ObjectDescription = {
  contentType: 'text/plain',
  headers: { 'cache-control': 'no-store' },
  metadata: {},
  tags: { b: '2', a: '1' },
  describedFrom: '1',
  describedAt: '2',
};

it('is the same whatever the order of the names', () => {
  expect(isSameDescription(stored, read)).toBe(true);
});

it.each<[string, Partial<ObjectDescription>]>([
  ['a type', { contentType: null }],
  ['a header', { headers: { 'cache-control': 'no-cache' } }],
  ['metadata', { metadata: { x: 'y' } }],
  ['a tag that went', { tags: { a: '1' } }],
  ['a tag that was renamed', { tags: { a: '1', c: '2' } }],
])('differs by %s', (_, difference) => {
  expect(isSameDescription(stored, { ...read, ...difference })).toBe(false);
  expect(isSameDescription(null, read)).toBe(false);
});

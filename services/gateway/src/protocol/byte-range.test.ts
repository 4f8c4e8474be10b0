import { expect, it } from 'vitest';
import { readByteRange } from './byte-range.js';

it.each([
  ['bytes=0-0', { first: 0, last: 0 }],
  ['bytes=3-', { first: 3, last: 9 }],
  ['bytes=-4', { first: 6, last: 9 }],
  ['bytes=-99', { first: 0, last: 9 }],
  ['bytes=9-99', { first: 9, last: 9 }],
  [undefined, undefined],
  ['', undefined],
  ['bytes=-', undefined],
  ['bytes=5-2', undefined],
  ['bytes=a-b', undefined],
  ['bytes=0-1,2-3', undefined],
  ['items=0-1', undefined],
])('%s of ten bytes is %j', (header, range) => {
  expect(readByteRange(header, 10)).toEqual(range);
});

it.each([
  ['bytes=10-', 10],
  ['bytes=-0', 10],
  ['bytes=0-', 0],
  ['bytes=-1', 0],
])('%s of %i bytes can not be satisfied', (header, size) => {
  expect(() => readByteRange(header, size)).toThrow('The requested range is not satisfiable');
});

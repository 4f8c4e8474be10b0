import { expect, it } from 'vitest';
import { mergePositions, offsetAfter } from './position.js';

it('takes the further offset of each partition, as numbers and not as text', () => {
  expect(mergePositions({ 0: '9', 1: '5' }, { 0: '10', 2: '1' })).toEqual({ 0: '10', 1: '5', 2: '1' });
  expect(mergePositions({ 0: '10' }, { 0: '9' })).toEqual({ 0: '10' });
});

it('counts beyond what a number holds', () => {
  expect(offsetAfter('9007199254740993')).toBe('9007199254740994');
});

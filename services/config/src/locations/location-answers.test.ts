import { describe, expect, it } from 'vitest';
import { mirroringOf } from './location-answers.js';

const mirrored = { paused: false };

describe('the mirroring indicator of a location', () => {
  it.each([
    ['unavailable', false, undefined, { kind: 'unknown' }],
    ['available', true, undefined, { kind: 'unknown' }],
    ['active', true, mirrored, { kind: 'unknown' }],
    ['failing', true, mirrored, { kind: 'unreachable' }],
    ['paused', true, { paused: true }, { kind: 'unreachable' }],
  ] as const)('is %s', (expected, bucketMatch, bucket, poller) => {
    expect(mirroringOf({ bucketMatch }, bucket, poller)).toBe(expected);
  });
});

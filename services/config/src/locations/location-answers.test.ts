import { describe, expect, it } from 'vitest';
import { mirroringOf } from './location-answers.js';

const suspect = {
  kind: 'told',
  value: {
    snapshot: { startedAt: null, completedAt: null, versionsListed: null, versionsPerSecond: null },
    oldestUnappliedChangeAgeSeconds: null,
    oldestUnvisitedRangeAgeSeconds: null,
    oldestDescriptionAgeSeconds: null,
    lastFullPassAt: null,
    lastFullPassSeconds: null,
    removals: { candidates: 9, unlisted: 0, ledger: 9 },
    suspect: true,
    lastVerify: null,
    lastError: null,
    failing: true,
  },
} as const;
const mirrored = { paused: false };

describe('the mirroring indicator of a location', () => {
  it.each([
    ['unavailable', false, undefined, { kind: 'unknown' }],
    ['available', true, undefined, { kind: 'unknown' }],
    ['active', true, mirrored, { kind: 'unknown' }],
    ['failing', true, mirrored, { kind: 'unreachable' }],
    ['suspect', true, mirrored, suspect],
    ['paused', true, { paused: true }, suspect],
    ['paused', true, { paused: true }, { kind: 'unreachable' }],
  ] as const)('is %s', (expected, bucketMatch, bucket, poller) => {
    expect(mirroringOf({ bucketMatch }, bucket, poller)).toBe(expected);
  });
});

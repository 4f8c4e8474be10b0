import type { LocationState } from '@mirror/events';
import { describe, expect, it } from 'vitest';
import { targetOfLocation } from './polled-target.js';

const state: LocationState = {
  name: 'ring-paris',
  revision: '1',
  locationType: 'location-scality-ring-s3-v1',
  details: { endpoint: 'http://127.0.0.1:8000', bucketName: 'photos', bucketMatch: true, region: 'us-east-1' },
};
const nothing = { listing: 'ranges' as const, quirks: [], unknown: [] };

describe('the target of a location', () => {
  it('is its endpoint and bucket', () => {
    expect(targetOfLocation(state).target).toBe('http://127.0.0.1:8000/photos');
  });

  it.each([
    ['was not probed', undefined, true],
    ['was seen to hide keys', { ...nothing, listing: 'serialByPrefix' as const, quirks: ['astralKeysMissing'] }, true],
    ['has too little in it to tell', { ...nothing, unknown: ['astralKeysMissing'] }, true],
    ['was seen to hide none', nothing, false],
  ])('%s: keys are listed by prefix, too: %s', (_what, behaviour, expected) => {
    expect(targetOfLocation({ ...state, ...(behaviour && { behaviour }) }).hidesAstral).toBe(expected);
  });

  it('has plain or opaque markers as was seen, and otherwise nobody knows', () => {
    const behaviours = [
      undefined,
      { ...nothing, quirks: ['opaqueKeyMarker'] },
      { ...nothing, unknown: ['opaqueKeyMarker'] },
    ];
    const targets = [...behaviours, nothing].map((behaviour) =>
      targetOfLocation({ ...state, ...(behaviour && { behaviour }) }),
    );
    expect(targets.map(({ markers }) => markers)).toEqual(['unknown', 'opaque', 'unknown', 'keys']);
  });

  it('orders by UTF-16 only where that was seen', () => {
    const unknown = { ...nothing, unknown: ['utf16Order'] };
    const seen = { ...nothing, listing: 'serialByPrefix' as const, quirks: ['utf16Order'] };
    const orders = [unknown, seen].map((behaviour) => targetOfLocation({ ...state, behaviour }).ordersByUnits);
    expect(orders).toEqual([false, true]);
  });
});

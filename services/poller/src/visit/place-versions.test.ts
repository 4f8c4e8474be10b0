import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { placeVersions } from './place-versions.js';

describe('placeVersions', () => {
  it('numbers an unknown key from the newest', () => {
    expect(placeVersions([null, null, null], null)).toEqual([0, 1, 2]);
  });

  it('puts a new version before all known ones without moving them', () => {
    expect(placeVersions([null, 0, 1], null)).toEqual([-1, 0, 1]);
  });

  it('puts a new version before one that the listing no longer shows', () => {
    expect(placeVersions([null, 0, 1], { smallest: -1, largest: -1 })).toEqual([-2, 0, 1]);
    expect(placeVersions([null], { smallest: 3, largest: 5 })).toEqual([2]);
  });

  it('places one in between by a fraction', () => {
    expect(placeVersions([0, null, 1], null)).toEqual([0, 0.5, 1]);
  });

  it('moves only the version whose place is wrong', () => {
    expect(placeVersions([5, 0, 1, 2], null)).toEqual([-1, 0, 1, 2]);
  });

  it('numbers a key anew when fractions run out', () => {
    const tight = 1 + Number.EPSILON;
    expect(placeVersions([1, null, tight], null)).toEqual([0, 1, 2]);
  });

  it('gives ascending places, and changes nothing that was ascending', () => {
    const place = fc.option(fc.integer({ min: -50, max: 50 }), { nil: null });
    fc.assert(
      fc.property(fc.array(place, { maxLength: 30 }), (known) => {
        const places = placeVersions(known, null);
        expect(places).toHaveLength(known.length);
        for (let i = 1; i < places.length; i += 1) expect(places[i]).toBeGreaterThan(places[i - 1] ?? Number.NaN);
        expect(placeVersions(places, null)).toEqual(places);
      }),
    );
  });
});

import { randomBytes } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { MasterKey, type Sealed } from './master-key.js';

const newKey = (): MasterKey => new MasterKey(randomBytes(32).toString('base64'));
const code = (open: () => unknown): unknown => {
  try {
    return open();
  } catch (error) {
    return (error as { code?: string }).code;
  }
};

describe('a secret at rest', () => {
  it('opens again, whatever it is', () => {
    const key = newKey();
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), fc.string(), (secret, place) => {
        expect(key.open(key.seal(secret, place), place)).toBe(secret.toWellFormed());
      }),
      { numRuns: 50 },
    );
  });

  it('shows nothing of itself, and looks different each time', () => {
    const key = newKey();
    const one = key.seal('minio-secret-key', 'locations/a/secretKey');
    const other = key.seal('minio-secret-key', 'locations/a/secretKey');
    for (const field of ['wrappedKey', 'iv', 'tag', 'ciphertext'] as const) expect(one[field]).not.toBe(other[field]);
    const text = Object.values(one).flatMap((field) => [field, Buffer.from(field, 'base64').toString('latin1')]);
    expect(text.join()).not.toContain('minio-secret-key');
  });

  it('does not open in the place of another record or field', () => {
    const key = newKey();
    const sealed = key.seal('secret of a', 'locations/a/secretKey');
    expect(code(() => key.open(sealed, 'locations/b/secretKey'))).toBe('SECRET.UNREADABLE');
    expect(code(() => key.open(sealed, 'locations/a/otherField'))).toBe('SECRET.UNREADABLE');
  });

  it('does not open with the wrapped key of another secret', () => {
    const key = newKey();
    const a = key.seal('secret of a', 'locations/a/secretKey');
    const b = key.seal('secret of b', 'locations/b/secretKey');
    expect(code(() => key.open({ ...a, wrappedKey: b.wrappedKey }, 'locations/a/secretKey'))).toBe('SECRET.UNREADABLE');
  });

  it('does not open once a bit of any field is turned', () => {
    const key = newKey();
    const sealed = key.seal('a secret', 'place');
    for (const field of ['wrappedKey', 'iv', 'tag', 'ciphertext'] as const) {
      const turned = Buffer.from(sealed[field], 'base64');
      turned.writeUInt8(turned.readUInt8(0) ^ 1, 0);
      const changed: Sealed = { ...sealed, [field]: turned.toString('base64') };
      expect(
        code(() => key.open(changed, 'place')),
        field,
      ).toBe('SECRET.UNREADABLE');
    }
  });

  it('does not take a shortened tag', () => {
    const key = newKey();
    const sealed = key.seal('a secret', 'place');
    const tag = Buffer.from(sealed.tag, 'base64').subarray(0, 4).toString('base64');
    expect(code(() => key.open({ ...sealed, tag }, 'place'))).toBe('SECRET.UNREADABLE');
  });

  it('names the other master key, and does not open with it', () => {
    const sealed = newKey().seal('a secret', 'place');
    const other = newKey();
    expect(code(() => other.open(sealed, 'place'))).toBe('SECRET.OTHER_KEY');
    expect(code(() => other.open({ ...sealed, keyId: other.keyId }, 'place'))).toBe('SECRET.UNREADABLE');
  });
});

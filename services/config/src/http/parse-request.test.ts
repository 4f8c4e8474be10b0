import { describe, expect, it } from 'vitest';
import { createAccessKey } from '../access/access-key.js';
import { pauseBucket } from '../buckets/mirrored-bucket.js';
import { createLocation } from '../locations/location.js';
import { pageQuery } from './page.js';
import { parseInput } from './parse-request.js';
import { Refusal } from './problem.js';

const location = {
  name: 'ring-paris',
  locationType: 'location-scality-ring-s3-v1',
  details: { endpoint: 'ring.example', bucketName: 'photos', accessKey: 'AKIA', secretKey: 'top-secret-value' },
};

function refusal(parse: () => unknown): Refusal {
  try {
    parse();
  } catch (error) {
    if (error instanceof Refusal) return error;
    throw error;
  }
  throw new Error('it was accepted');
}

describe('a request that is parsed', () => {
  it('gets its defaults', () => {
    expect(parseInput(createLocation, location, 'the body').details).toMatchObject({
      bucketMatch: false,
      region: 'us-east-1',
    });
    expect(parseInput(pauseBucket, undefined, 'the body')).toEqual({});
    expect(parseInput(pauseBucket, null, 'the body')).toEqual({});
    expect(parseInput(pageQuery, { limit: '7' }, 'the query')).toEqual({ limit: 7 });
  });

  it('has every fault in one refusal, each with its field and a hint', () => {
    const faulty = { ...location, name: 'ring paris', details: { ...location.details, bucketName: 'Photos' } };
    const error = refusal(() => parseInput(createLocation, faulty, 'the body'));
    expect(error.problemCode).toBe('REQUEST.INVALID_FIELD');
    expect(error.extras.errors?.map(({ field }) => field)).toEqual(['name', 'details.bucketName']);
    expect(error.message).toContain('details.bucketName');
    expect(error.hint).toContain('1 to 64 letters');
    expect(error.hint).toContain('3 to 63 lowercase letters');
  });

  it('says of a missing field that it is missing', () => {
    const { name: _name, ...nameless } = location;
    expect(refusal(() => parseInput(createLocation, nameless, 'the body')).message).toBe('name: is missing');
  });

  it('names the unknown field, and those that are known beside it', () => {
    const faulty = { ...location, details: { ...location.details, prefix: 'x', secretkey: 'y' } };
    const error = refusal(() => parseInput(createLocation, faulty, 'the body'));
    expect(error.problemCode).toBe('REQUEST.UNKNOWN_FIELD');
    expect(error.message).toContain('details.prefix');
    expect(error.message).toContain('details.secretkey');
    expect(error.hint).toContain('secretKey');
  });

  it('is named as a whole when it is no object', () => {
    for (const body of [undefined, null, 'text', 7, []]) {
      expect(refusal(() => parseInput(createLocation, body, 'the body')).message).toContain('the body');
    }
  });

  it('never repeats a value, for it may be a secret', () => {
    const spaced = { ...location, details: { ...location.details, secretKey: 'with space top-secret-value' } };
    for (const faulty of [spaced, { ...location, locationType: 'top-secret-value' }]) {
      const error = refusal(() => parseInput(createLocation, faulty, 'the body'));
      expect(JSON.stringify([error.message, error.hint, error.extras])).not.toContain('top-secret-value');
    }
  });

  it('has a hint for a fault inside a list, too', () => {
    const error = refusal(() => parseInput(createAccessKey, { role: 'reader', buckets: ['UPPER'] }, 'the body'));
    expect(error.message).toContain('buckets');
    expect(error.hint).toContain('bucket name');
  });
});

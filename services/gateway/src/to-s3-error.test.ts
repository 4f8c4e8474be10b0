import { PermanentError, TransientError } from '@mirror/runtime';
import { MongoNetworkError } from 'mongodb';
import { describe, expect, it } from 'vitest';
import { S3Error } from './protocol/errors.js';
import { toS3Error } from './to-s3-error.js';

/** The driver's own class of this name is not exported. */
class PoolClearedOnNetworkError extends MongoNetworkError {
  override get name(): string {
    return 'PoolClearedOnNetworkError';
  }
}

describe('toS3Error', () => {
  it.each([
    ['a database that is away', new MongoNetworkError('connect ECONNREFUSED'), 503, 'ServiceUnavailable'],
    ['a request cut off by it', new PoolClearedOnNetworkError('cleared'), 503, 'ServiceUnavailable'],
    ['a passing failure', new TransientError('later', { code: 'S3.UNAVAILABLE' }), 503, 'ServiceUnavailable'],
    [
      'a mirror that is being detached',
      new PermanentError('closed', { code: 'MIRROR.CLOSED' }),
      503,
      'ServiceUnavailable',
    ],
    ['what no one foresaw', new TypeError('x is undefined'), 500, 'InternalError'],
  ])('tells of %s', (_, error, status, code) => {
    expect(toS3Error(error)).toMatchObject({ status, code });
  });

  it('tells S3’s own errors as they are', () => {
    const error = new S3Error('NoSuchKey');
    expect(toS3Error(error)).toBe(error);
  });
});

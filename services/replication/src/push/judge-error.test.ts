import { PermanentError, TransientError } from '@mirror/runtime';
import { describe, expect, it } from 'vitest';
import { judgeError } from './judge-error.js';

const answered = (status: number, Code?: string) =>
  Object.assign(new Error(Code ?? 'UnknownError'), {
    name: Code ?? 'UnknownError',
    Code,
    $metadata: { httpStatusCode: status },
  });
const broken = (code: string) => Object.assign(new Error(code), { code });

describe('an attempt that ended in an error', () => {
  it.each([
    ['retry', 'a connection that was never made', broken('ECONNREFUSED')],
    ['retry', 'a name that is not found', broken('ENOTFOUND')],
    ['retry', 'a request to slow down', answered(503, 'SlowDown')],
    ['retry', 'a body that did not come in time', answered(400, 'RequestTimeout')],
    ['retry', 'an operation that goes on', answered(409, 'OperationAborted')],
    ['retry', 'credentials that nobody tells', new TransientError('away', { code: 'CONFIG.UNAVAILABLE' })],
    ['retry', 'staged bytes that cannot be read now', new TransientError('away', { code: 'STAGING.UNAVAILABLE' })],
    ['unknown', 'a connection that broke', broken('ECONNRESET')],
    ['unknown', 'silence', Object.assign(new Error('timeout'), { name: 'TimeoutError' })],
    ['unknown', 'an end by ourselves', Object.assign(new Error('aborted'), { name: 'AbortError' })],
    ['unknown', 'a fault of the endpoint', answered(500, 'InternalError')],
    ['unknown', 'a proxy that gave up', answered(504)],
    ['unknown', 'a proxy that has nobody behind it now', answered(503)],
    ['unknown', 'anything that the table does not know', new Error('?')],
    ['location', 'a denial', answered(403, 'AccessDenied')],
    ['location', 'a denial without words', answered(403)],
    ['location', 'a wrong secret', answered(403, 'SignatureDoesNotMatch')],
    ['location', 'a missing bucket', answered(404, 'NoSuchBucket')],
    ['location', 'suspended versioning', new PermanentError('off', { code: 'S3.VERSIONING_SUSPENDED' })],
    ['gone', 'a missing version', answered(404, 'NoSuchVersion')],
    ['noUpload', 'a missing upload', answered(404, 'NoSuchUpload')],
    ['refused', 'metadata that is too large', answered(400, 'MetadataTooLarge')],
    ['refused', 'bytes that are not those of the checksum', answered(400, 'BadDigest')],
    ['refused', 'an operation that is not there', answered(501, 'NotImplemented')],
    ['refused', 'staged bytes that are gone', new PermanentError('gone', { code: 'STAGING.MISSING' })],
    ['refused', 'a header that HTTP cannot carry', broken('ERR_INVALID_CHAR')],
  ])('is %s after %s', (verdict, _what, error) => {
    expect(judgeError(error).verdict).toBe(verdict);
  });
});

import { FatalError, PermanentError, TransientError } from '@mirror/runtime';
import { describe, expect, it } from 'vitest';
import { byNodeCode, byS3Code, byStatus, entries } from './error-table.js';
import { errorOfAnswer, translateS3Error } from './translate-error.js';

const answered = (status: number, code?: string, headers: Record<string, string> = {}) =>
  Object.assign(new Error('said so'), {
    name: code ?? 'UnknownError',
    Code: code,
    $metadata: { httpStatusCode: status },
    $response: { headers },
  });

describe('the error table', () => {
  it.each([
    [403, 'AccessDenied', 'S3.ACCESS_DENIED', PermanentError],
    [403, 'InvalidAccessKeyId', 'S3.ACCESS_KEY', PermanentError],
    [403, 'SignatureDoesNotMatch', 'S3.SIGNATURE', PermanentError],
    [403, 'RequestTimeTooSkewed', 'S3.CLOCK', TransientError],
    [403, 'SomethingNew', 'S3.ACCESS_DENIED', PermanentError],
    [400, 'AuthorizationHeaderMalformed', 'S3.REGION', PermanentError],
    [400, 'KeyTooLong', 'S3.REFUSED', PermanentError],
    [404, 'NoSuchBucket', 'S3.NO_SUCH_BUCKET', PermanentError],
    [404, 'NoSuchKey', 'S3.NO_SUCH_KEY', PermanentError],
    [404, 'NoSuchVersion', 'S3.NO_SUCH_VERSION', PermanentError],
    [405, 'MethodNotAllowed', 'S3.METHOD_NOT_ALLOWED', PermanentError],
    [409, 'BucketAlreadyExists', 'S3.REFUSED', PermanentError],
    [409, 'InvalidBucketState', 'S3.VERSIONING', PermanentError],
    [412, 'PreconditionFailed', 'S3.PRECONDITION', PermanentError],
    [503, 'SlowDown', 'S3.THROTTLED', TransientError],
    [503, 'ServiceUnavailable', 'S3.UNAVAILABLE', TransientError],
    [500, 'InternalError', 'S3.UNAVAILABLE', TransientError],
    [500, 'SomethingNew', 'S3.UNAVAILABLE', TransientError],
    [501, 'NotImplemented', 'S3.NOT_IMPLEMENTED', PermanentError],
    [301, 'PermanentRedirect', 'S3.REDIRECT', PermanentError],
  ])('%i %s is %s', (status, s3Code, code, kind) => {
    const error = translateS3Error(answered(status, s3Code));
    expect(error).toBeInstanceOf(kind);
    expect(error).toMatchObject({ code, context: { status, s3Code } });
  });

  it.each([
    [302, 'S3.REDIRECT'],
    [304, 'S3.REFUSED'],
    [400, 'S3.REFUSED'],
    [401, 'S3.ACCESS_DENIED'],
    [403, 'S3.ACCESS_DENIED'],
    [404, 'S3.NO_SUCH_KEY'],
    [405, 'S3.METHOD_NOT_ALLOWED'],
    [408, 'S3.TIMEOUT'],
    [429, 'S3.THROTTLED'],
    [500, 'S3.UNAVAILABLE'],
    [502, 'S3.UNAVAILABLE'],
    [503, 'S3.UNAVAILABLE'],
    [504, 'S3.UNAVAILABLE'],
  ])('a bare %i, as HEAD gets it, is %s', (status, code) => {
    expect(translateS3Error(answered(status))).toMatchObject({ code });
  });

  it('tells a web page from S3, but not where a load balancer says that the endpoint is down', () => {
    const html = { 'content-type': 'text/html; charset=utf-8' };
    expect(translateS3Error(answered(404, undefined, html))).toMatchObject({ code: 'S3.NOT_S3' });
    expect(translateS3Error(answered(502, undefined, html))).toMatchObject({ code: 'S3.UNAVAILABLE' });
    expect(translateS3Error(answered(301, undefined, html))).toMatchObject({ code: 'S3.REDIRECT' });
    // A plain Error with a status: the SDK's parser got something that is no XML.
    expect(translateS3Error(Object.assign(answered(400), { name: 'Error' }))).toMatchObject({ code: 'S3.NOT_S3' });
  });

  it.each([
    ['ECONNREFUSED', 'S3.UNREACHABLE'],
    ['ECONNRESET', 'S3.UNREACHABLE'],
    ['ENOTFOUND', 'S3.NO_SUCH_HOST'],
    ['EAI_AGAIN', 'S3.NO_SUCH_HOST'],
    ['ETIMEDOUT', 'S3.TIMEOUT'],
    ['EPROTO', 'S3.TLS_MISMATCH'],
    ['DEPTH_ZERO_SELF_SIGNED_CERT', 'S3.TLS_UNTRUSTED'],
    ['CERT_HAS_EXPIRED', 'S3.TLS_EXPIRED'],
    ['ERR_TLS_CERT_ALTNAME_INVALID', 'S3.TLS_NAME'],
    ['HPE_INVALID_CONSTANT', 'S3.NOT_S3'],
    ['ESOMETHING', 'S3.UNKNOWN'],
  ])("Node's %s is %s", (nodeCode, code) => {
    expect(translateS3Error(Object.assign(new Error('failed'), { code: nodeCode }))).toMatchObject({ code });
  });

  it('finds the cause among the several addresses that were tried', () => {
    const tried = new AggregateError([Object.assign(new Error('no'), { code: 'ECONNREFUSED' })]);
    expect(translateS3Error(tried)).toMatchObject({ code: 'S3.UNREACHABLE' });
  });

  it('knows timeouts and aborts by their names', () => {
    expect(translateS3Error(Object.assign(new Error(), { name: 'TimeoutError' }))).toMatchObject({
      code: 'S3.TIMEOUT',
    });
    expect(translateS3Error(Object.assign(new Error(), { name: 'AbortError' }))).toMatchObject({ code: 'S3.ABORTED' });
  });

  it('leaves coded errors as they are', () => {
    for (const error of [new TransientError('a', { code: 'A' }), new FatalError('b', { code: 'B' })]) {
      expect(translateS3Error(error)).toBe(error);
    }
  });

  it('passes on for how long the endpoint asks to be left alone, five minutes at most', () => {
    const retryAfter = (value: string) => translateS3Error(answered(503, 'SlowDown', { 'retry-after': value }));
    expect(retryAfter('7')).toMatchObject({ retryAfterMs: 7000 });
    expect(retryAfter('999999')).toMatchObject({ retryAfterMs: 300_000 });
    expect(retryAfter('Wed, 21 Oct 2026 07:28:00 GMT')).toMatchObject({ retryAfterMs: undefined });
  });

  it('takes whatever was thrown', () => {
    for (const thrown of [undefined, null, 'text', 42, {}]) {
      expect(translateS3Error(thrown)).toMatchObject({ code: 'S3.UNKNOWN', message: expect.any(String) });
    }
    expect(errorOfAnswer(500, 'InternalError', 'inside')).toMatchObject({ code: 'S3.UNAVAILABLE' });
  });

  it('has a hint for each of its codes, and each code once', () => {
    const all = Object.values(entries);
    expect(new Set(all.map(({ code }) => code)).size).toBe(all.length);
    for (const { code, hint } of all) expect(hint, code).toMatch(/^[A-Z].*\.$/);
    for (const table of [byS3Code, byStatus, byNodeCode]) {
      for (const entry of Object.values(table)) expect(all).toContain(entry);
    }
  });
});

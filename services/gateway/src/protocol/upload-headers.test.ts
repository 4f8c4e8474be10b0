import { describe, expect, it } from 'vitest';
import { readCopySource, readDirective } from './copy-source.js';
import { S3Error } from './errors.js';
import { parseS3Request } from './s3-request.js';
import { checkTags, readTaggingHeader } from './tags.js';
import { checkNewKey, readDescription } from './upload-headers.js';
import { judgeWrite, readWriteCondition } from './write-condition.js';

const request = (headers: Readonly<Record<string, string>>) =>
  parseS3Request('PUT', '/b/k', Object.entries(headers).flat());

/** What it answers, or the code of what it throws. */
function outcome<T>(work: () => T): T | string {
  try {
    return work();
  } catch (error) {
    return error instanceof S3Error ? error.code : String(error);
  }
}

describe('a description', () => {
  it('is what the headers say of the object, and not of the transfer', () => {
    const headers = {
      'Content-Type': 'text/plain',
      'Cache-Control': 'no-cache',
      'Content-Encoding': 'aws-chunked,gzip',
      Expires: 'Thu, 01 Jan 2026 00:00:00 GMT',
      'x-amz-meta-Colour': 'red',
      'x-amz-meta-empty': '',
      'x-amz-tagging': 'a=1&b%20c=%2B',
    };
    expect(readDescription(request(headers))).toEqual({
      contentType: 'text/plain',
      headers: [
        ['cache-control', 'no-cache'],
        ['content-encoding', 'gzip'],
        ['expires', 'Thu, 01 Jan 2026 00:00:00 GMT'],
      ],
      metadata: [
        ['colour', 'red'],
        ['empty', ''],
      ],
      tags: [
        ['a', '1'],
        ['b c', '+'],
      ],
    });
  });

  it('has S3’s own type where none is given', () => {
    const described = readDescription(request({ 'content-encoding': 'aws-chunked' }));
    expect(described).toEqual({ contentType: 'binary/octet-stream', headers: [], metadata: [], tags: [] });
  });

  it.each([
    ['2 KiB of metadata', { 'x-amz-meta-a': 'x'.repeat(2_047) }, 'kept'],
    ['a byte more', { 'x-amz-meta-a': 'x'.repeat(2_048) }, 'MetadataTooLarge'],
    [
      'names that are too much with their prefix, for the connector',
      Object.fromEntries(Array.from({ length: 120 }, (_, n) => [`x-amz-meta-${100 + n}`, 'x'.repeat(5)])),
      'MetadataTooLarge',
    ],
    ['an object of its owner', { 'x-amz-acl': 'bucket-owner-full-control' }, 'kept'],
    ['one for all', { 'x-amz-acl': 'public-read-write' }, 'NotImplemented'],
    ['one with grants', { 'x-amz-grant-read': 'id=x' }, 'NotImplemented'],
    ['a redirect', { 'x-amz-website-redirect-location': '/x' }, 'NotImplemented'],
    ['the standard class', { 'x-amz-storage-class': 'STANDARD' }, 'kept'],
    ['another class', { 'x-amz-storage-class': 'STANDARD_IA' }, 'InvalidStorageClass'],
    ['another alphabet', { 'content-disposition': 'attachment; filename=\u00e9' }, 'InvalidArgument'],
  ])('%s', (_what, headers, expected) => {
    expect(outcome(() => readDescription(request(headers)) && 'kept')).toBe(expected);
  });
});

it.each([
  ['k'.repeat(915), 'kept'],
  ['é'.repeat(457), 'kept'],
  ['é'.repeat(458), 'KeyTooLongError'],
  ['k'.repeat(916), 'KeyTooLongError'],
  ['a\u001fb', 'InvalidArgument'],
  ['a\u007fb', 'InvalidArgument'],
  ['//../\uffff 💾', 'kept'],
])('a new key %j is %s', (key, expected) => {
  expect(outcome(() => checkNewKey(key) ?? 'kept')).toBe(expected);
});

describe('tags', () => {
  it.each([
    ['', []],
    ['a', [['a', '']]],
    [
      'a=1&b=',
      [
        ['a', '1'],
        ['b', ''],
      ],
    ],
    ['a=b=c', [['a', 'b=c']]],
    ['caf%C3%A9=x+y', [['café', 'x y']]],
    ['a=1&a=2', 'InvalidTag'],
    ['=1', 'InvalidTag'],
    ['aws:x=1', 'InvalidTag'],
    ['a=%3C', 'InvalidTag'],
    ['a=%ff', 'InvalidArgument'],
  ])('in a header: %j', (text, expected) => {
    expect(outcome(() => readTaggingHeader(text))).toEqual(expected);
  });

  it('are ten at most, of 128 and 256 characters', () => {
    const many = (count: number) => Array.from({ length: count }, (_, n) => [`k${n}`, ''] as const);
    expect(outcome(() => checkTags(many(10)))).toHaveLength(10);
    expect(outcome(() => checkTags(many(11)))).toBe('BadRequest');
    expect(outcome(() => checkTags([['x'.repeat(128), 'y'.repeat(256)]]))).toHaveLength(1);
    expect(outcome(() => checkTags([['x'.repeat(129), '']]))).toBe('InvalidTag');
    expect(outcome(() => checkTags([['x', 'y'.repeat(257)]]))).toBe('InvalidTag');
  });
});

describe('the source of a copy', () => {
  const source = (text: string) => outcome(() => readCopySource(request({ 'x-amz-copy-source': text })));
  it.each([
    ['b/k', { bucket: 'b', key: 'k', versionId: undefined }],
    ['/b/a/b%3Fc%20d%2Be', { bucket: 'b', key: 'a/b?c d+e', versionId: undefined }],
    ['b%2Fcaf%C3%A9', { bucket: 'b', key: 'café', versionId: undefined }],
    ['b/k?versionId=v1', { bucket: 'b', key: 'k', versionId: 'v1' }],
    ['b//k', { bucket: 'b', key: '/k', versionId: undefined }],
    ['b', 'InvalidArgument'],
    ['b/', 'InvalidArgument'],
    ['/', 'InvalidArgument'],
    ['b/%zz', 'InvalidArgument'],
    ['b/k?versionId=', 'InvalidArgument'],
    ['b/k?versionId=a%20b', 'InvalidArgument'],
  ])('%j', (text, expected) => {
    expect(source(text)).toEqual(expected);
  });

  it('has directives of two words', () => {
    expect(readDirective(request({}), 'metadata')).toBe('COPY');
    expect(readDirective(request({ 'x-amz-tagging-directive': 'REPLACE' }), 'tagging')).toBe('REPLACE');
    const other = request({ 'x-amz-metadata-directive': 'MERGE' });
    expect(outcome(() => readDirective(other, 'metadata'))).toBe('InvalidArgument');
  });
});

describe('a condition of a write', () => {
  const version = { kind: 'version', etag: 'e' } as const;
  const marker = { kind: 'deleteMarker', etag: '' } as const;
  it.each([
    [{}, null, 'holds'],
    [{ 'if-none-match': '*' }, null, 'holds'],
    [{ 'if-none-match': '*' }, marker, 'holds'],
    [{ 'if-none-match': '*' }, version, 'PreconditionFailed'],
    [{ 'if-match': '"e"' }, version, 'holds'],
    [{ 'if-match': 'e' }, version, 'holds'],
    [{ 'if-match': '*' }, version, 'holds'],
    [{ 'if-match': '"f"' }, version, 'PreconditionFailed'],
    [{ 'if-match': '"e"' }, marker, 'NoSuchKey'],
    [{ 'if-match': '"e"' }, null, 'NoSuchKey'],
    [{ 'if-none-match': '"e"' }, null, 'NotImplemented'],
    [{ 'if-none-match': '*', 'if-match': 'e' }, null, 'NotImplemented'],
  ])('%j of %j: %s', (headers, latest, expected) => {
    const judged = outcome(() => judgeWrite(readWriteCondition(request(headers)), latest, 'k') ?? 'holds');
    expect(judged).toBe(expected);
  });
});

import { expect, it } from 'vitest';
import { judgeConditions } from './conditions.js';
import { parseS3Request } from './s3-request.js';

const object = { etag: 'abc', lastModified: new Date('2026-05-24T12:00:00.900Z') };
const SAME = 'Sun, 24 May 2026 12:00:00 GMT';
const BEFORE = 'Sun, 24 May 2026 11:59:59 GMT';
const judge = (headers: Record<string, string>) => {
  const request = parseS3Request('GET', '/b/k', Object.entries(headers).flat());
  try {
    return judgeConditions(request, object);
  } catch {
    return 'failed';
  }
};

it.each([
  [{}, 'send'],
  [{ 'if-match': '"abc"' }, 'send'],
  [{ 'if-match': 'abc' }, 'send'],
  [{ 'if-match': '"x", W/"abc"' }, 'send'],
  [{ 'if-match': '*' }, 'send'],
  [{ 'if-match': '"x"' }, 'failed'],
  [{ 'if-none-match': '"abc"' }, 'notModified'],
  [{ 'if-none-match': '*' }, 'notModified'],
  [{ 'if-none-match': '"x"' }, 'send'],
  [{ 'if-modified-since': SAME }, 'notModified'],
  [{ 'if-modified-since': BEFORE }, 'send'],
  [{ 'if-modified-since': 'nonsense' }, 'send'],
  [{ 'if-unmodified-since': SAME }, 'send'],
  [{ 'if-unmodified-since': BEFORE }, 'failed'],
  [{ 'if-match': '"abc"', 'if-unmodified-since': BEFORE }, 'send'],
  [{ 'if-none-match': '"x"', 'if-modified-since': SAME }, 'send'],
  [{ 'if-match': '"abc"', 'if-none-match': '"abc"' }, 'notModified'],
  [{ 'if-match': '"x"', 'if-none-match': '"abc"' }, 'failed'],
])('%j: %s', (headers, expected) => {
  expect(judge(headers as Record<string, string>)).toBe(expected);
});

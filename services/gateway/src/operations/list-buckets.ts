import { readCount, readToken, toToken } from '../protocol/list-parameters.js';
import { ownerElement } from '../protocol/owner.js';
import { queryValue } from '../protocol/s3-request.js';
import { xmlResponse } from '../protocol/s3-response.js';
import { group, tag } from '../protocol/xml.js';
import { mayUse } from './access.js';
import type { Operation } from './operation.js';

const MAX_BUCKETS = 10_000;

/** The buckets that the caller's key is for, by name. */
export const listBuckets: Operation = async ({ request, caller }, { buckets }) => {
  const prefix = queryValue(request, 'prefix') ?? '';
  const after = readToken(request) ?? '';
  const limit = readCount(request, 'max-buckets', 1, MAX_BUCKETS);
  const visible = buckets
    .list()
    .filter(({ bucket }) => mayUse(caller, bucket) && bucket.startsWith(prefix) && bucket > after);
  const page = visible.slice(0, limit);
  const last = page.at(-1);
  return xmlResponse(
    'ListAllMyBucketsResult',
    ownerElement(),
    group(
      'Buckets',
      ...page.map(({ bucket, createdAt }) => group('Bucket', tag('Name', bucket), tag('CreationDate', createdAt))),
    ),
    ...(prefix === '' ? [] : [tag('Prefix', prefix)]),
    ...(last !== undefined && visible.length > limit ? [tag('ContinuationToken', toToken(last.bucket))] : []),
  );
};

import { type ListedDocument, type ListPage, listObjects, type ObjectEntry } from '@mirror/namespace';
import { invalidArgument } from '../protocol/errors.js';
import { echo, type ListParameters, readListParameters, readToken, toToken } from '../protocol/list-parameters.js';
import { ownerElement } from '../protocol/owner.js';
import { queryValue, type S3Request } from '../protocol/s3-request.js';
import { type S3Response, xmlResponse } from '../protocol/s3-response.js';
import { group, tag } from '../protocol/xml.js';
import { bucketOf } from './access.js';
import type { Call, Operation, Sources } from './operation.js';

/** The first version: pages go on after the last name of the one before. */
export const listObjectsV1: Operation = async (call, sources) => {
  const parameters = readListParameters(call.request);
  const marker = queryValue(call.request, 'marker') ?? '';
  const page = await readPage(call, sources, parameters, marker);
  const last = page.entries.at(-1);
  // Without a delimiter S3 leaves it out: the last key says the same.
  const next = page.isTruncated && last !== undefined && parameters.delimiter !== '' ? [last.name] : [];
  return listResult(call.request, parameters, page, true, [
    tag('Marker', parameters.encode(marker)),
    ...next.map((name) => tag('NextMarker', parameters.encode(name))),
  ]);
};

/** The second version: pages go on by an opaque token, the first one after `start-after`. */
export const listObjectsV2: Operation = async (call, sources) => {
  const listType = queryValue(call.request, 'list-type') ?? '';
  if (listType !== '2') throw invalidArgument('Invalid List Type specified in Request', 'list-type', listType);
  const parameters = readListParameters(call.request);
  const token = queryValue(call.request, 'continuation-token');
  const startAfter = queryValue(call.request, 'start-after') ?? '';
  const page = await readPage(call, sources, parameters, readToken(call.request) ?? startAfter);
  const last = page.entries.at(-1);
  return listResult(call.request, parameters, page, readFetchOwner(call.request), [
    tag('KeyCount', page.entries.length),
    ...(startAfter === '' ? [] : [tag('StartAfter', parameters.encode(startAfter))]),
    ...(token === undefined ? [] : [tag('ContinuationToken', token)]),
    ...(page.isTruncated && last !== undefined ? [tag('NextContinuationToken', toToken(last.name))] : []),
  ]);
};

function readPage(
  call: Call,
  sources: Sources,
  { prefix, delimiter, maxKeys }: ListParameters,
  after: string,
): Promise<ListPage<ObjectEntry>> {
  const { mirrorId } = bucketOf(call, sources);
  return listObjects(sources.namespace.versions(mirrorId), { prefix, delimiter, after, limit: maxKeys });
}

function listResult(
  request: S3Request,
  parameters: ListParameters,
  { entries, isTruncated }: ListPage<ObjectEntry>,
  withOwner: boolean,
  paging: readonly string[],
): S3Response {
  const objects = entries.filter((entry) => entry.kind === 'object');
  return xmlResponse(
    'ListBucketResult',
    tag('Name', request.bucket),
    ...echo(parameters),
    ...paging,
    tag('IsTruncated', isTruncated),
    ...objects.map(({ version }) => contents(version, parameters.encode, withOwner)),
    ...commonPrefixes(entries, parameters.encode),
  );
}

function contents(version: ListedDocument, encode: (name: string) => string, withOwner: boolean): string {
  return group(
    'Contents',
    tag('Key', encode(version._id.k)),
    ...listedFacts(version),
    ...(withOwner ? [ownerElement()] : []),
    tag('StorageClass', storageClassOf(version)),
  );
}

/** What a listing says of a version with content, whichever listing it is. */
export function listedFacts({ lastModified, etag, size }: ListedDocument): string[] {
  return [tag('LastModified', lastModified.toISOString()), tag('ETag', `"${etag}"`), tag('Size', size)];
}

export const storageClassOf = ({ storageClass }: { readonly storageClass: string }): string =>
  storageClass === '' ? 'STANDARD' : storageClass;

export function commonPrefixes(
  entries: readonly { readonly kind: string; readonly name: string }[],
  encode: (name: string) => string,
): string[] {
  const prefixes = entries.filter(({ kind }) => kind === 'prefix');
  return prefixes.map(({ name }) => group('CommonPrefixes', tag('Prefix', encode(name))));
}

function readFetchOwner(request: S3Request): boolean {
  const value = queryValue(request, 'fetch-owner') ?? 'false';
  if (value === 'true' || value === 'false' || value === '') return value === 'true';
  throw invalidArgument('Provided fetch-owner is neither true nor false', 'fetch-owner', value);
}

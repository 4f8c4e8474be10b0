import { invalidArgument } from '../protocol/errors.js';
import { echo, MAX_KEYS, readCount, readListParameters } from '../protocol/list-parameters.js';
import { OWNER_ID, ownerElement } from '../protocol/owner.js';
import { queryValue } from '../protocol/s3-request.js';
import { xmlResponse } from '../protocol/s3-response.js';
import { group, tag } from '../protocol/xml.js';
import type { MultipartUpload, UploadPart } from '../uploads/multipart-uploads.js';
import { bucketOf } from './access.js';
import { elementName } from './chosen-parts.js';
import { findOpenUpload, MAX_PARTS } from './multipart-upload.js';
import type { Operation } from './operation.js';

const initiator = (): string => group('Initiator', tag('ID', OWNER_ID), tag('DisplayName', ''));

export const listParts: Operation = async (call, sources) => {
  const { request } = call;
  const maxParts = readCount(request, 'max-parts', 0, MAX_KEYS);
  const marker = queryValue(request, 'part-number-marker') ? readCount(request, 'part-number-marker', 0, MAX_PARTS) : 0;
  const { _id: uploadId, checksum } = await findOpenUpload(call, sources);
  const found = await sources.writing.uploads.parts(uploadId, marker, maxParts + 1);
  const page = found.slice(0, maxParts);
  const isTruncated = maxParts > 0 && found.length > maxParts;
  return xmlResponse(
    'ListPartsResult',
    tag('Bucket', request.bucket),
    tag('Key', request.key),
    tag('UploadId', uploadId),
    initiator(),
    ownerElement(),
    tag('StorageClass', 'STANDARD'),
    ...(checksum === null
      ? []
      : [tag('ChecksumAlgorithm', checksum.algorithm.toUpperCase()), tag('ChecksumType', checksum.type)]),
    tag('PartNumberMarker', marker),
    ...(isTruncated ? [tag('NextPartNumberMarker', page.at(-1)?._id.n ?? marker)] : []),
    tag('MaxParts', maxParts),
    tag('IsTruncated', isTruncated),
    ...page.map(partElement),
  );
};

const partElement = ({ _id, at, md5, size, checksum }: UploadPart): string =>
  group(
    'Part',
    tag('PartNumber', _id.n),
    tag('LastModified', at.toISOString()),
    tag('ETag', `"${md5}"`),
    tag('Size', size),
    ...(checksum === null ? [] : [tag(elementName(checksum.algorithm), checksum.value)]),
  );

type Entry =
  | { readonly kind: 'upload'; readonly upload: MultipartUpload }
  | { readonly kind: 'prefix'; readonly name: string };

export const listMultipartUploads: Operation = async (call, sources) => {
  const { request } = call;
  const { prefix, delimiter, encode, ...parameters } = readListParameters(request);
  const maxUploads = readCount(request, 'max-uploads', 0, MAX_KEYS);
  const keyMarker = queryValue(request, 'key-marker') ?? '';
  const uploadIdMarker = queryValue(request, 'upload-id-marker') ?? '';
  if (uploadIdMarker !== '' && keyMarker === '') {
    throw invalidArgument('An upload-id marker needs a key marker.', 'upload-id-marker', uploadIdMarker);
  }
  const { mirrorId } = bucketOf(call, sources);
  const uploads = sources.writing.uploads.list(mirrorId, prefix, { key: keyMarker, uploadId: uploadIdMarker });
  const { entries, isTruncated } = await readPage(uploads, prefix, delimiter, keyMarker, maxUploads);
  return xmlResponse(
    'ListMultipartUploadsResult',
    tag('Bucket', request.bucket),
    ...echo({ ...parameters, prefix, delimiter, encode }).filter((element) => !element.startsWith('<MaxKeys>')),
    tag('KeyMarker', encode(keyMarker)),
    tag('UploadIdMarker', uploadIdMarker),
    ...(isTruncated ? nextMarkers(entries.at(-1), encode) : []),
    tag('MaxUploads', maxUploads),
    tag('IsTruncated', isTruncated),
    ...entries.map((entry) => entryElement(entry, encode)),
  );
};

/** Uploads are few: common prefixes are made of those that are read, one after the other. */
async function readPage(
  uploads: AsyncIterable<MultipartUpload>,
  prefix: string,
  delimiter: string,
  marker: string,
  limit: number,
): Promise<{ entries: readonly Entry[]; isTruncated: boolean }> {
  const entries: Entry[] = [];
  if (limit === 0) return { entries, isTruncated: false };
  let last = marker;
  for await (const upload of uploads) {
    const at = delimiter === '' ? -1 : upload.key.indexOf(delimiter, prefix.length);
    const common = at < 0 ? undefined : upload.key.slice(0, at + delimiter.length);
    if (common !== undefined && common === last) continue; // told before, on this page or the one before
    if (entries.length === limit) return { entries, isTruncated: true };
    entries.push(common === undefined ? { kind: 'upload', upload } : { kind: 'prefix', name: common });
    if (common !== undefined) last = common;
  }
  return { entries, isTruncated: false };
}

function nextMarkers(last: Entry | undefined, encode: (name: string) => string): string[] {
  if (last === undefined) return [];
  if (last.kind === 'prefix') return [tag('NextKeyMarker', encode(last.name)), tag('NextUploadIdMarker', '')];
  const { _id, key } = last.upload;
  return [tag('NextKeyMarker', encode(key)), tag('NextUploadIdMarker', _id)];
}

function entryElement(entry: Entry, encode: (name: string) => string): string {
  if (entry.kind === 'prefix') return group('CommonPrefixes', tag('Prefix', encode(entry.name)));
  const { _id, key, initiatedAt } = entry.upload;
  return group(
    'Upload',
    tag('Key', encode(key)),
    tag('UploadId', _id),
    initiator(),
    ownerElement(),
    tag('StorageClass', 'STANDARD'),
    tag('Initiated', initiatedAt.toISOString()),
  );
}

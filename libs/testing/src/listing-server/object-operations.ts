import { randomUUID } from 'node:crypto';
import type { Endpoint } from './endpoint.js';
import { escapeXml, namespace, type S3Answer, S3Refusal, type S3Request, textsOf, xmlDocument } from './s3-exchange.js';
import { isVersionId } from './version-ids.js';
import type { StoredVersion } from './versioned-bucket.js';

/** What is asked of one object. */
export function answerObject(endpoint: Endpoint, request: S3Request): S3Answer {
  const { method, query } = request;
  if (query.has('tagging')) return answerTagging(endpoint, request);
  if (query.has('uploads') || query.has('uploadId')) return answerMultipart(endpoint, request);
  switch (method) {
    case 'HEAD':
    case 'GET':
      return readObject(endpoint, request);
    case 'PUT':
      return putObject(endpoint, request);
    case 'DELETE':
      return deleteObject(endpoint, request.key, query.get('versionId') ?? undefined);
    default:
      throw new S3Refusal(405, 'MethodNotAllowed');
  }
}

function readObject({ bucket }: Endpoint, { method, key, query }: S3Request): S3Answer {
  const versionId = query.get('versionId') ?? undefined;
  const version = found(bucket.find(key, checked(versionId)), versionId);
  if (version.kind === 'deleteMarker') {
    const headers = { 'x-amz-delete-marker': 'true', 'x-amz-version-id': version.versionId };
    throw versionId ? new S3Refusal(405, 'MethodNotAllowed', headers) : new S3Refusal(404, 'NoSuchKey', headers);
  }
  return {
    status: 200,
    headers: {
      'content-type': 'application/octet-stream',
      ...version.headers,
      ...idOf(version),
      'content-length': String(version.body.length),
      'last-modified': version.lastModified.toUTCString(),
      etag: `"${version.etag}"`,
      ...(method === 'GET' && version.tags.size > 0 && { 'x-amz-tagging-count': String(version.tags.size) }),
    },
    body: version.body,
  };
}

function putObject({ bucket, quirks }: Endpoint, { key, headers, body }: S3Request): S3Answer {
  const isChunked = (headers['x-amz-content-sha256'] ?? '').startsWith('STREAMING-');
  if (headers['x-amz-trailer'] !== undefined && quirks.has('trailingChecksumRefused'))
    throw new S3Refusal(400, 'InvalidRequest');
  refuseKey(key, quirks);
  const tags = new Map(new URLSearchParams(headers['x-amz-tagging'] ?? ''));
  const kept = Object.entries(headers).filter(([name]) => name.startsWith('x-amz-meta-') || contentHeaders.has(name));
  const content = { body: isChunked ? unchunked(body) : body, headers: Object.fromEntries(kept), tags };
  const version = bucket.put(key, content);
  return { status: 200, headers: { ...idOf(version), etag: `"${version.etag}"` } };
}

const contentHeaders = new Set(['content-type', 'cache-control', 'content-disposition', 'content-language', 'expires']);
const longestKeyBytes = { limited: 915, usual: 1024 };

function refuseKey(key: string, quirks: Endpoint['quirks']): void {
  const isLimited = quirks.has('keysLimited');
  if (Buffer.byteLength(key) > (isLimited ? longestKeyBytes.limited : longestKeyBytes.usual))
    throw new S3Refusal(400, isLimited ? 'KeyTooLong' : 'KeyTooLongError');
  if (isLimited && /[^ -\u{10FFFF}]/u.test(key)) throw new S3Refusal(400, 'InvalidInput');
  const segments = key.replace(/\/$/, '').split('/');
  const isOdd = segments.some((segment) => ['', '.', '..'].includes(segment) || Buffer.byteLength(segment) > 255);
  if (isOdd && quirks.has('pathLikeKeysRefused')) throw new S3Refusal(400, 'XMinioInvalidObjectName');
}

/** The payload of an aws-chunked body: sizes in hex, each with its bytes, an empty chunk at the end. */
function unchunked(body: Buffer): Buffer {
  const chunks: Buffer[] = [];
  for (let at = 0; ; ) {
    const lineEnd = body.indexOf('\r\n', at);
    const size = Number.parseInt(body.subarray(at, lineEnd).toString('latin1'), 16);
    if (lineEnd < 0 || !(size > 0)) return Buffer.concat(chunks);
    chunks.push(body.subarray(lineEnd + 2, lineEnd + 2 + size));
    at = lineEnd + 2 + size + 2;
  }
}

/** Also for each key of a DeleteObjects. A version that is not there is as good as deleted. */
export function deleteObject({ bucket, quirks }: Endpoint, key: string, versionId: string | undefined): S3Answer {
  const deleted = versionId
    ? bucket.remove(key, checked(versionId) ?? versionId)
    : bucket.delete(key, !quirks.has('noMarkerForMissingKey'));
  const marker: Record<string, string> = deleted?.kind === 'deleteMarker' ? { 'x-amz-delete-marker': 'true' } : {};
  const id = versionId ? { 'x-amz-version-id': versionId } : deleted ? idOf(deleted) : {};
  return { status: 204, headers: { ...id, ...marker } };
}

function answerTagging({ bucket }: Endpoint, { method, key, query, body }: S3Request): S3Answer {
  const versionId = query.get('versionId') ?? undefined;
  const version = found(bucket.find(key, checked(versionId)), versionId);
  if (version.kind === 'deleteMarker') throw new S3Refusal(405, 'MethodNotAllowed');
  if (method === 'PUT') {
    const document = body.toString();
    const values = textsOf(document, 'Value');
    bucket.setTags(version, new Map(textsOf(document, 'Key').map((name, index) => [name, values[index] ?? ''])));
    return { status: 200, headers: idOf(version) };
  }
  if (method !== 'GET') throw new S3Refusal(501, 'NotImplemented');
  const tags = [...version.tags].map(
    ([name, value]) => `<Tag><Key>${escapeXml(name)}</Key><Value>${escapeXml(value)}</Value></Tag>`,
  );
  const document = `<Tagging ${namespace}><TagSet>${tags.join('')}</TagSet></Tagging>`;
  return { status: 200, headers: idOf(version), body: xmlDocument(document) };
}

/** Begun and aborted only: what a check of the right to write needs. */
function answerMultipart({ uploads }: Endpoint, { method, bucket, key, query }: S3Request): S3Answer {
  const uploadId = query.get('uploadId');
  if (method === 'DELETE' && uploadId !== null) {
    if (!uploads.delete(uploadId)) throw new S3Refusal(404, 'NoSuchUpload');
    return { status: 204 };
  }
  if (method !== 'POST' || uploadId !== null) throw new S3Refusal(501, 'NotImplemented');
  const id = randomUUID().replaceAll('-', '');
  uploads.set(id, key);
  const facts = `<Bucket>${bucket}</Bucket><Key>${escapeXml(key)}</Key><UploadId>${id}</UploadId>`;
  const root = `<InitiateMultipartUploadResult ${namespace}>${facts}</InitiateMultipartUploadResult>`;
  return { status: 200, body: xmlDocument(root) };
}

function found(version: StoredVersion | undefined, versionId: string | undefined): StoredVersion {
  if (version === undefined) throw new S3Refusal(404, versionId ? 'NoSuchVersion' : 'NoSuchKey');
  return version;
}

function checked(versionId: string | undefined): string | undefined {
  if (versionId !== undefined && !isVersionId(versionId)) throw new S3Refusal(400, 'InvalidArgument');
  return versionId;
}

const idOf = ({ versionId }: StoredVersion): Record<string, string> =>
  versionId === 'null' ? {} : { 'x-amz-version-id': versionId };

import type { Endpoint } from './endpoint.js';
import { delayPage, keysLeft, withWrongMarker } from './faults.js';
import { type ListedKeys, listPage } from './list-page.js';
import { isOwnMarker, keyOf, type ListingRequest, listingXml } from './listing-xml.js';
import { deleteObject } from './object-operations.js';
import { escapeXml, namespace, type S3Answer, S3Refusal, type S3Request, textsOf, xmlDocument } from './s3-exchange.js';
import type { Versioning } from './versioned-bucket.js';

/** What is asked of the bucket itself. */
export async function answerBucket(endpoint: Endpoint, request: S3Request): Promise<S3Answer> {
  const { method, query } = request;
  if (query.has('versions') && method === 'GET') return listVersions(endpoint, query);
  if (query.has('versioning')) return answerVersioning(endpoint, request);
  if (query.has('uploads') && method === 'GET') return listUploads(endpoint);
  if (query.has('delete') && method === 'POST') return deleteObjects(endpoint, request);
  if (method === 'HEAD' || (method === 'PUT' && query.size === 0)) return { status: 200 };
  throw new S3Refusal(501, 'NotImplemented');
}

async function listVersions({ name, bucket, quirks, faults }: Endpoint, query: URLSearchParams): Promise<S3Answer> {
  await delayPage(faults);
  const request = listingRequest(name, query);
  const all: ListedKeys = { keys: bucket.keys(), order: bucket.order, versionsOf: (key) => bucket.versionsOf(key) };
  const listed = keysLeft(all, faults);
  const page = withWrongMarker(listPage(listed, request, quirks), listed, faults);
  return { status: 200, body: listingXml(page, request, quirks) };
}

function listingRequest(bucket: string, query: URLSearchParams): ListingRequest {
  const maxKeys = Number(query.get('max-keys') ?? 1_000);
  if (!Number.isInteger(maxKeys) || maxKeys < 0) throw new S3Refusal(400, 'InvalidArgument');
  const keyMarker = query.get('key-marker') ?? '';
  return {
    bucket,
    prefix: query.get('prefix') ?? '',
    keyMarker: keyOf(keyMarker),
    isOwnMarker: isOwnMarker(keyMarker),
    versionIdMarker: query.get('version-id-marker') ?? '',
    encodingType: query.get('encoding-type') ?? '',
    maxKeys,
  };
}

function answerVersioning({ bucket }: Endpoint, { method, body }: S3Request): S3Answer {
  if (method === 'PUT') {
    const [status] = textsOf(body.toString(), 'Status');
    if (status !== 'Enabled' && status !== 'Suspended') throw new S3Refusal(400, 'MalformedXML');
    bucket.versioning = status;
    return { status: 200 };
  }
  if (method !== 'GET') throw new S3Refusal(405, 'MethodNotAllowed');
  const root = `<VersioningConfiguration ${namespace}>${statusXml(bucket.versioning)}</VersioningConfiguration>`;
  return { status: 200, body: xmlDocument(root) };
}

const statusXml = (versioning: Versioning): string => (versioning === 'none' ? '' : `<Status>${versioning}</Status>`);

function listUploads({ name, uploads }: Endpoint): S3Answer {
  const listed = [...uploads].map(
    ([id, key]) => `<Upload><Key>${escapeXml(key)}</Key><UploadId>${id}</UploadId></Upload>`,
  );
  const facts = `<Bucket>${name}</Bucket><IsTruncated>false</IsTruncated>${listed.join('')}`;
  return {
    status: 200,
    body: xmlDocument(`<ListMultipartUploadsResult ${namespace}>${facts}</ListMultipartUploadsResult>`),
  };
}

function deleteObjects(endpoint: Endpoint, { headers, body }: S3Request): S3Answer {
  if (endpoint.quirks.has('deleteObjectsNeedsMd5') && headers['content-md5'] === undefined)
    throw new S3Refusal(400, 'BadDigest');
  const deleted = [...body.toString().matchAll(/<Object>(.*?)<\/Object>/gs)].map(([, object = '']) => {
    const [key = ''] = textsOf(object, 'Key');
    const [versionId] = textsOf(object, 'VersionId');
    deleteObject(endpoint, key, versionId);
    return `<Deleted><Key>${escapeXml(key)}</Key></Deleted>`;
  });
  return { status: 200, body: xmlDocument(`<DeleteResult ${namespace}>${deleted.join('')}</DeleteResult>`) };
}

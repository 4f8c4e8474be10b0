import { hasCopySource } from '../protocol/copy-source.js';
import { S3Error } from '../protocol/errors.js';
import { headerValue, type S3Request } from '../protocol/s3-request.js';
import { mayUse } from './access.js';
import { getBucketLocation, getBucketVersioning, headBucket } from './bucket-info.js';
import { createBucket, deleteBucket, putBucketVersioning } from './change-bucket.js';
import { completeMultipartUpload } from './complete-multipart-upload.js';
import { copyObject } from './copy-object.js';
import { deleteObject } from './delete-object.js';
import { deleteObjects } from './delete-objects.js';
import { getObject } from './get-object.js';
import { headObject } from './head-object.js';
import { listBuckets } from './list-buckets.js';
import { listMultipartUploads, listParts } from './list-multipart.js';
import { listVersions } from './list-object-versions.js';
import { listObjectsV1, listObjectsV2 } from './list-objects.js';
import { abortMultipartUpload, createMultipartUpload } from './multipart-upload.js';
import { deleteObjectTagging, getObjectTagging, putObjectTagging } from './object-tagging.js';
import type { Call, Operation } from './operation.js';
import { putObject } from './put-object.js';
import { uploadPart, uploadPartCopy } from './upload-part.js';

export interface Route {
  /** S3's name of the operation: for logs and metrics. */
  readonly name: string;
  readonly run: Operation;
  /** It reads the body by itself. Of the others it is checked that there is none. */
  readonly takesBody?: boolean;
}

type Resource = 'service' | 'bucket' | 'object';

/** By resource, method and subresource ('' for none). What S3 has and is not here answers 501. */
export const ROUTES: Readonly<Record<string, Route>> = {
  'service GET ': { name: 'ListBuckets', run: listBuckets },
  'bucket HEAD ': { name: 'HeadBucket', run: headBucket },
  'bucket GET ': { name: 'ListObjects', run: listObjectsV1 },
  'bucket GET list-type': { name: 'ListObjectsV2', run: listObjectsV2 },
  'bucket GET versions': { name: 'ListObjectVersions', run: listVersions },
  'bucket GET location': { name: 'GetBucketLocation', run: getBucketLocation },
  'bucket GET versioning': { name: 'GetBucketVersioning', run: getBucketVersioning },
  'object HEAD ': { name: 'HeadObject', run: headObject },
  'object GET ': { name: 'GetObject', run: getObject },
  'object GET tagging': { name: 'GetObjectTagging', run: getObjectTagging },
  'bucket PUT ': { name: 'CreateBucket', run: createBucket, takesBody: true },
  'bucket DELETE ': { name: 'DeleteBucket', run: deleteBucket },
  'bucket PUT versioning': { name: 'PutBucketVersioning', run: putBucketVersioning, takesBody: true },
  'bucket POST delete': { name: 'DeleteObjects', run: deleteObjects, takesBody: true },
  'object PUT ': { name: 'PutObject', run: putObject, takesBody: true },
  'object PUT copy': { name: 'CopyObject', run: copyObject },
  'object DELETE ': { name: 'DeleteObject', run: deleteObject },
  'object PUT tagging': { name: 'PutObjectTagging', run: putObjectTagging, takesBody: true },
  'object DELETE tagging': { name: 'DeleteObjectTagging', run: deleteObjectTagging },
  'bucket GET uploads': { name: 'ListMultipartUploads', run: listMultipartUploads },
  'object POST uploads': { name: 'CreateMultipartUpload', run: createMultipartUpload },
  'object PUT uploadId': { name: 'UploadPart', run: uploadPart, takesBody: true },
  'object PUT uploadId copy': { name: 'UploadPartCopy', run: uploadPartCopy },
  'object GET uploadId': { name: 'ListParts', run: listParts },
  'object POST uploadId': { name: 'CompleteMultipartUpload', run: completeMultipartUpload, takesBody: true },
  'object DELETE uploadId': { name: 'AbortMultipartUpload', run: abortMultipartUpload },
};

/** Methods that S3 has on a resource; any other answers 405. */
const METHODS: Readonly<Record<Resource, readonly string[]>> = {
  service: ['GET'],
  bucket: ['GET', 'HEAD', 'PUT', 'POST', 'DELETE'],
  object: ['GET', 'HEAD', 'PUT', 'POST', 'DELETE'],
};

/** Subresources that come with a value. One without a value is recognised by that. */
const SUBRESOURCES_WITH_VALUE = new Set(['list-type', 'uploadId', 'id', 'select-type', 'renameObject']);

/** Parameters of the operations above that clients may leave empty. */
const MAY_BE_EMPTY =
  /^(prefix|delimiter|marker|max-keys|encoding-type|start-after|continuation-token|fetch-owner|key-marker|version-id-marker|versionId|partNumber|max-buckets|bucket-region|max-uploads|upload-id-marker|max-parts|part-number-marker|x-id|response-.*|X-Amz-.*)$/;

/** Finds the operation and checks that the caller may use it. Throws AccessDenied, MethodNotAllowed, NotImplemented. */
export function route({ request, caller }: Pick<Call, 'request' | 'caller'>): Route {
  const resource: Resource = request.bucket === '' ? 'service' : request.key === '' ? 'bucket' : 'object';
  const { method } = request;
  if (resource !== 'service' && !mayUse(caller, request.bucket)) throw new S3Error('AccessDenied');
  if (!METHODS[resource].includes(method)) throw methodNotAllowed(method, resource);
  if (caller.role === 'reader' && method !== 'GET' && method !== 'HEAD') throw new S3Error('AccessDenied');
  const subresource = subresourceOf(request);
  refuseEncryptionKeys(request);
  const copied = method === 'PUT' && hasCopySource(request) ? `${subresource} copy`.trim() : subresource;
  const found = ROUTES[`${resource} ${method} ${copied}`];
  if (found !== undefined) return found;
  throw notImplemented(method, resource, subresource);
}

/** Parameters that S3 does not know are ignored, as S3 does; those that could only be a subresource are not. */
function subresourceOf({ query }: S3Request): string {
  const isSubresource = ([name, value]: readonly [string, string]): boolean =>
    SUBRESOURCES_WITH_VALUE.has(name) || (value === '' && !MAY_BE_EMPTY.test(name));
  return query
    .filter(isSubresource)
    .map(([name]) => name)
    .join('&');
}

/** An object encrypted by a client's key can't be read without passing that key on. */
function refuseEncryptionKeys(request: S3Request): void {
  if (headerValue(request, 'x-amz-server-side-encryption-customer-algorithm') === undefined) return;
  throw new S3Error('NotImplemented', { elements: { Header: 'x-amz-server-side-encryption-customer-algorithm' } });
}

function methodNotAllowed(Method: string, resource: Resource): S3Error {
  return new S3Error('MethodNotAllowed', {
    elements: { Method, ResourceType: resource.toUpperCase() },
    headers: { allow: METHODS[resource].join(', ') },
  });
}

function notImplemented(Method: string, resource: Resource, subresource: string): S3Error {
  return new S3Error('NotImplemented', {
    message: 'This gateway does not implement this operation.',
    elements: { Method, ResourceType: resource.toUpperCase(), ...(subresource ? { Subresource: subresource } : {}) },
  });
}

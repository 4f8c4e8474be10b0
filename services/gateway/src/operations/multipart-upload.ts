import { toAlgorithm } from '../body/checksums.js';
import { isCombinable } from '../body/combine-crc.js';
import { invalidArgument, S3Error } from '../protocol/errors.js';
import { headerValue, queryValue, type S3Request } from '../protocol/s3-request.js';
import { xmlResponse } from '../protocol/s3-response.js';
import { checkNewKey, readDescription } from '../protocol/upload-headers.js';
import { tag } from '../protocol/xml.js';
import type { MultipartUpload, UploadChecksum } from '../uploads/multipart-uploads.js';
import { bucketOf } from './access.js';
import type { Call, Operation, Sources } from './operation.js';

export const MAX_PARTS = 10_000;

/** What the object will be is said here; its conditions are judged when it is completed. */
export const createMultipartUpload: Operation = async (call, sources) => {
  const { bucket: name, key } = call.request;
  checkNewKey(key);
  const description = readDescription(call.request);
  const checksum = readUploadChecksum(call.request);
  const { mirrorId } = bucketOf(call, sources);
  const uploadId = await sources.writing.uploads.create({ mirrorId, key, description, checksum }, new Date());
  const answer = xmlResponse(
    'InitiateMultipartUploadResult',
    tag('Bucket', name),
    tag('Key', key),
    tag('UploadId', uploadId),
  );
  return { ...answer, headers: { ...answer.headers, ...checksumHeaders(checksum) } };
};

/** What it staged is given up with it, in one transaction. */
export const abortMultipartUpload: Operation = async (call, sources) => {
  const { acceptance, uploads } = sources.writing;
  const { _id: uploadId } = await findOpenUpload(call, sources);
  const staged = await acceptance.transaction(async (session) => {
    if (!(await uploads.touch(session, uploadId))) throw noSuchUpload(uploadId);
    const parts = await uploads.parts(uploadId, 0, MAX_PARTS, session);
    await uploads.abort(session, uploadId);
    await acceptance.abandonUpload(session, uploadId);
    return parts.map(({ stagedId }) => stagedId);
  });
  await acceptance.discard(staged);
  return { status: 204, headers: {} };
};

/** The upload of a call, completed or not. Throws NoSuchUpload. */
export async function findUpload(call: Call, sources: Sources): Promise<MultipartUpload> {
  const { key } = call.request;
  const uploadId = queryValue(call.request, 'uploadId') ?? '';
  const { mirrorId } = bucketOf(call, sources);
  const upload = await sources.writing.uploads.find(mirrorId, key, uploadId);
  if (upload === null) throw noSuchUpload(uploadId);
  return upload;
}

export async function findOpenUpload(call: Call, sources: Sources): Promise<MultipartUpload> {
  const upload = await findUpload(call, sources);
  if (upload.state === 'completed') throw noSuchUpload(upload._id);
  return upload;
}

export const noSuchUpload = (UploadId: string): S3Error => new S3Error('NoSuchUpload', { elements: { UploadId } });

/** Throws InvalidRequest for what S3 does not have: a checksum of the whole that no checksums of parts give. */
function readUploadChecksum(request: S3Request): UploadChecksum | null {
  const name = headerValue(request, 'x-amz-checksum-algorithm');
  const type = headerValue(request, 'x-amz-checksum-type')?.toUpperCase();
  if (name === undefined) {
    if (type === undefined) return null;
    throw new S3Error('InvalidRequest', {
      message: 'The x-amz-checksum-type header can only be used with the x-amz-checksum-algorithm header.',
    });
  }
  const algorithm = toAlgorithm(name);
  const chosen = type ?? (algorithm === 'crc64nvme' ? 'FULL_OBJECT' : 'COMPOSITE');
  if (chosen !== 'FULL_OBJECT' && chosen !== 'COMPOSITE') {
    throw invalidArgument('Value for x-amz-checksum-type header is invalid.', 'x-amz-checksum-type', chosen);
  }
  const isPossible = chosen === 'FULL_OBJECT' ? isCombinable(algorithm) : algorithm !== 'crc64nvme';
  if (isPossible) return { algorithm, type: chosen };
  throw new S3Error('InvalidRequest', {
    message: `The ${chosen} checksum type cannot be used with the ${algorithm} checksum algorithm.`,
  });
}

function checksumHeaders(checksum: UploadChecksum | null): Record<string, string> {
  if (checksum === null) return {};
  const { algorithm, type } = checksum;
  return { 'x-amz-checksum-algorithm': algorithm.toUpperCase(), 'x-amz-checksum-type': type };
}

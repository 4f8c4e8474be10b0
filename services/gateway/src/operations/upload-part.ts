import { type ChecksumAlgorithm, checksumHeader, createChecksum } from '../body/checksums.js';
import { type ByteRange, readByteRange } from '../protocol/byte-range.js';
import { invalidArgument, S3Error } from '../protocol/errors.js';
import { headerValue, queryValue, type S3Request } from '../protocol/s3-request.js';
import { xmlResponse } from '../protocol/s3-response.js';
import { refuseHeaders } from '../protocol/upload-headers.js';
import type { MultipartUpload, UploadPart } from '../uploads/multipart-uploads.js';
import { copiedFacts, sourceVersion } from './copy-object.js';
import { findSource, openSource } from './copy-source.js';
import { findOpenUpload, MAX_PARTS, noSuchUpload } from './multipart-upload.js';
import type { Call, Operation, Sources } from './operation.js';
import { MAX_PUT_BYTES } from './put-object.js';

export const uploadPart: Operation = async (call, sources) => {
  const number = readPartNumber(call.request);
  const content = call.body.content(MAX_PUT_BYTES);
  const upload = await findOpenUpload(call, sources);
  const algorithm = content.payload.checksum?.algorithm ?? upload.checksum?.algorithm;
  requireSameAlgorithm(upload, algorithm);
  const { md5, checksum } = await stagePart(call, sources, upload, number, content, algorithm);
  const checksums = checksum === null ? undefined : { [checksumHeader(checksum.algorithm)]: checksum.value };
  return { status: 200, headers: { etag: `"${md5}"`, ...checksums } };
};

export const uploadPartCopy: Operation = async (call, sources) => {
  const number = readPartNumber(call.request);
  refuseHeaders(call.request);
  const upload = await findOpenUpload(call, sources);
  const source = await findSource(call, sources);
  const range = readCopyRange(call.request, source.found.document.size);
  const { content } = await openSource(call, sources, source.found, range);
  const { md5, at } = await stagePart(call, sources, upload, number, content, upload.checksum?.algorithm);
  const answer = xmlResponse('CopyPartResult', ...copiedFacts(at, md5));
  return { ...answer, headers: { ...answer.headers, ...sourceVersion(source) } };
};

/** Stages the bytes, then registers them with the upload, in the place of an earlier part of that number. */
async function stagePart(
  { request }: Call,
  { writing }: Sources,
  { _id: uploadId, mirrorId, key }: MultipartUpload,
  number: number,
  content: AsyncIterable<Uint8Array>,
  algorithm: ChecksumAlgorithm | undefined,
): Promise<UploadPart> {
  const { acceptance, uploads } = writing;
  const body = new Summed(content, algorithm);
  const { stagedId, size, md5 } = await acceptance.stage({ mirrorId, bucket: request.bucket, key, uploadId }, body);
  const at = new Date();
  const part = { _id: { u: uploadId, n: number }, stagedId, size, md5, checksum: body.result(), at };
  try {
    const replaced = await acceptance.transaction(async (session) => {
      if (!(await uploads.touch(session, uploadId))) throw noSuchUpload(uploadId);
      await acceptance.attach(session, stagedId);
      return uploads.setPart(session, part);
    });
    if (replaced !== null) await acceptance.discard([replaced.stagedId]);
    return part;
  } catch (error) {
    // The upload ended meanwhile; of anything else the outcome may be unknown.
    if (error instanceof S3Error) await acceptance.discard([stagedId]);
    throw error;
  }
}

/** Passes a body on, and takes its checksum, announced or not. */
class Summed implements AsyncIterable<Uint8Array> {
  #value: string | undefined;

  constructor(
    private readonly body: AsyncIterable<Uint8Array>,
    private readonly algorithm: ChecksumAlgorithm | undefined,
  ) {}

  async *[Symbol.asyncIterator](): AsyncGenerator<Uint8Array, void> {
    const checksum = this.algorithm === undefined ? undefined : createChecksum(this.algorithm);
    for await (const piece of this.body) {
      checksum?.update(piece);
      yield piece;
    }
    this.#value = checksum?.digest().toString('base64');
  }

  result(): UploadPart['checksum'] {
    if (this.algorithm === undefined || this.#value === undefined) return null;
    return { algorithm: this.algorithm, value: this.#value };
  }
}

function requireSameAlgorithm({ checksum }: MultipartUpload, algorithm: ChecksumAlgorithm | undefined): void {
  if (checksum === null || checksum.algorithm === algorithm) return;
  const message = `Checksum Type mismatch occurred, expected checksum Type: ${checksum.algorithm}, actual checksum Type: ${algorithm}`;
  throw new S3Error('InvalidRequest', { message });
}

function readPartNumber(request: S3Request): number {
  const text = queryValue(request, 'partNumber') ?? '';
  const number = /^\d{1,5}$/.test(text) ? Number(text) : 0;
  if (number >= 1 && number <= MAX_PARTS) return number;
  throw invalidArgument(`Part number must be an integer between 1 and ${MAX_PARTS}, inclusive`, 'partNumber', text);
}

/** Both ends must be given, and lie in the source. */
function readCopyRange(request: S3Request, size: number): ByteRange | undefined {
  const text = headerValue(request, 'x-amz-copy-source-range');
  if (text === undefined) {
    if (size <= MAX_PUT_BYTES) return undefined;
    throw new S3Error('InvalidRequest', { message: `The specified copy source is larger than ${MAX_PUT_BYTES} bytes` });
  }
  const range = /^bytes=\d+-\d+$/.test(text) ? readByteRange(text, size) : undefined;
  const last = Number(text.split('-')[1]);
  if (range !== undefined && range.last === last && last - range.first < MAX_PUT_BYTES) return range;
  const message =
    'The x-amz-copy-source-range value must be of the form bytes=first-last where first and last are the zero-based offsets of the first and last bytes to copy';
  throw invalidArgument(message, 'x-amz-copy-source-range', text);
}

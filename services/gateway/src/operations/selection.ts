import { type ByteRange, readByteRange } from '../protocol/byte-range.js';
import { invalidArgument, S3Error } from '../protocol/errors.js';
import { headerValue, queryValue, type S3Request } from '../protocol/s3-request.js';

/** Which bytes of an object a request wants: all, a range, or a part of its multipart upload. */
export interface Selection {
  readonly range?: ByteRange | undefined;
  readonly partNumber?: number | undefined;
}

const MAX_PARTS = 10_000;

/** Throws InvalidRange, InvalidArgument, InvalidRequest. */
export function readSelection(request: S3Request, size: number): Selection {
  const partNumber = readPartNumber(request);
  const rangeHeader = headerValue(request, 'range');
  if (partNumber !== undefined && rangeHeader !== undefined) {
    const message = 'Cannot specify both Range header and partNumber query parameter';
    throw new S3Error('InvalidRequest', { message });
  }
  return { partNumber, range: readByteRange(rangeHeader, size) };
}

function readPartNumber(request: S3Request): number | undefined {
  const text = queryValue(request, 'partNumber');
  if (text === undefined) return undefined;
  const number = /^\d{1,5}$/.test(text) ? Number(text) : 0;
  if (number >= 1 && number <= MAX_PARTS) return number;
  throw invalidArgument(`Part number must be an integer between 1 and ${MAX_PARTS}, inclusive`, 'partNumber', text);
}

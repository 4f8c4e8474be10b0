import { queryValue, type S3Request } from './s3-request.js';

/**
 * What is part of a presigned URL and no header: the signature's own, and checksums, which a presigner took of a body that it did
 * not have.
 */
const NEVER =
  /^x-amz-(algorithm|credential|date|expires|signedheaders|signature|security-token|content-sha256|checksum-.*|sdk-checksum-algorithm)$/;

/** SDKs move `x-amz-` headers into the URLs that they presign: there they mean the same. A header that was sent comes first. */
export function withHoistedHeaders(request: S3Request): S3Request {
  if (queryValue(request, 'X-Amz-Algorithm') === undefined) return request;
  const headers = new Map(request.headers);
  for (const [name, value] of request.query) {
    const header = name.toLowerCase();
    if (header.startsWith('x-amz-') && !NEVER.test(header) && !headers.has(header)) headers.set(header, [value]);
  }
  return { ...request, headers };
}

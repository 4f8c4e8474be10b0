import { invalidArgument, S3Error } from './errors.js';
import { isVersionId } from './list-parameters.js';
import { headerValue, type S3Request } from './s3-request.js';
import { decodeUri, toText } from './uri.js';

export interface CopySource {
  readonly bucket: string;
  readonly key: string;
  readonly versionId: string | undefined;
}

const HEADER = 'x-amz-copy-source';

export const hasCopySource = (request: S3Request): boolean => headerValue(request, HEADER) !== undefined;

/** Reads `/bucket/key?versionId=…`, percent-encoded, with or without the first slash. Throws InvalidArgument. */
export function readCopySource(request: S3Request): CopySource {
  const text = headerValue(request, HEADER) ?? '';
  const [path = '', versionId] = text.split(/\?versionId=(.*)$/s);
  const name = decoded(path).replace(/^\//, '');
  const slash = name.indexOf('/');
  if (slash < 1 || slash === name.length - 1) {
    throw invalidArgument('Copy Source must mention the source bucket and key: sourcebucket/sourcekey', HEADER, text);
  }
  if (versionId !== undefined && !isVersionId(versionId)) {
    throw invalidArgument('Invalid version id specified', HEADER, text);
  }
  return { bucket: name.slice(0, slash), key: name.slice(slash + 1), versionId };
}

/** COPY where the header is not given. */
export function readDirective(request: S3Request, name: 'metadata' | 'tagging'): 'COPY' | 'REPLACE' {
  const header = `x-amz-${name}-directive`;
  const value = headerValue(request, header) ?? 'COPY';
  if (value === 'COPY' || value === 'REPLACE') return value;
  throw invalidArgument(`Unknown ${name} directive.`, header, value);
}

function decoded(path: string): string {
  try {
    return toText(decodeUri(path));
  } catch (error) {
    if (error instanceof S3Error) throw invalidArgument('Copy Source must be percent-encoded UTF-8', HEADER, path);
    throw error;
  }
}

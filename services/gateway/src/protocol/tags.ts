import type { NamedValues } from '@mirror/namespace';
import { invalidArgument, S3Error } from './errors.js';
import { decodeUri, toText } from './uri.js';

const MAX_TAGS = 10;
const MAX_NAME = 128;
const MAX_VALUE = 256;
/** What S3 lets tags have. */
const TAG_TEXT = /^[\p{L}\p{N}\p{Z}_.:/=+\-@]*$/u;

/** S3's limits of an object's tags. Throws BadRequest, InvalidTag. */
export function checkTags(tags: NamedValues): NamedValues {
  if (tags.length > MAX_TAGS) {
    throw new S3Error('BadRequest', { message: `Object tags cannot be greater than ${MAX_TAGS}` });
  }
  const names = new Set<string>();
  for (const [name, value] of tags) {
    if (name === '' || name.length > MAX_NAME || !TAG_TEXT.test(name))
      throw invalid('The TagKey you have provided is invalid', name);
    if (value.length > MAX_VALUE || !TAG_TEXT.test(value))
      throw invalid('The TagValue you have provided is invalid', name);
    if (name.startsWith('aws:')) throw invalid('System tags cannot be added/updated by requester', name);
    if (names.has(name)) throw invalid('Cannot provide multiple Tags with the same key', name);
    names.add(name);
  }
  return tags;
}

/** Reads x-amz-tagging: pairs as in a query. Throws as `checkTags`; InvalidArgument for what is no such text. */
export function readTaggingHeader(text: string | undefined): NamedValues {
  const pairs = (text ?? '').split('&').filter((pair) => pair !== '');
  try {
    return checkTags(
      pairs.map((pair) => {
        const [name = '', ...value] = pair.split('=');
        return [toText(decodeUri(name, true)), toText(decodeUri(value.join('='), true))] as const;
      }),
    );
  } catch (error) {
    if (!(error instanceof S3Error) || error.code !== 'InvalidURI') throw error;
    throw invalidArgument(
      "The header 'x-amz-tagging' shall be encoded as UTF-8 then URLEncoded URL query parameters without tag name duplicates.",
      'x-amz-tagging',
      text ?? '',
    );
  }
}

const invalid = (message: string, TagKey: string): S3Error =>
  new S3Error('InvalidTag', { message, elements: { TagKey } });

import type { S3Client } from '@aws-sdk/client-s3';
import { PermanentError, TransientError } from '@mirror/runtime';
import { entries } from './error-table.js';
import { parseLatin1 } from './parse-version-page.js';
import type { RawAnswer } from './send-request.js';
import { getListing } from './signed-requests.js';
import { errorOf, errorOfAnswer, translateS3Error } from './translate-error.js';
import type { VersionPage } from './version-page.js';

export interface VersionPageRequest {
  /** Lists what follows: a key, or a page's `nextKeyMarker`. */
  readonly keyMarker?: string;
  /** A page's `nextVersionIdMarker`, only together with its `nextKeyMarker`. */
  readonly versionIdMarker?: string;
  /** 1 to 1,000; endpoints give no more, whatever is asked for. */
  readonly maxKeys: number;
  readonly prefix?: string;
}

/** A complete answer to ListObjectVersions, not yet parsed. */
export interface RawVersionPage {
  /** SHA-256 of the body, in hex: equal for an equal request as long as nothing in its range changed. */
  readonly hash: string;
  /** Throws a PermanentError S3.BAD_LISTING that says what is wrong. */
  parse(): VersionPage;
}

/**
 * Sends one ListObjectVersions request, once, and answers its body as it came: complete, and of a listing. Throws by the
 * error table; S3.TRUNCATED (transient) when the body was cut.
 */
export async function listVersionsPage(
  client: S3Client,
  bucket: string,
  request: VersionPageRequest,
  signal?: AbortSignal,
): Promise<RawVersionPage> {
  const query = {
    // Without it, keys with control characters have no form in XML.
    'encoding-type': 'url',
    'key-marker': request.keyMarker,
    'max-keys': String(request.maxKeys),
    prefix: request.prefix,
    'version-id-marker': request.versionIdMarker,
    versions: '',
  };
  let isAnswered = false;
  try {
    const answer = await getListing(client, bucket, query, signal, () => {
      isAnswered = true;
    });
    return rawPage(answer);
  } catch (error) {
    const translated = translateS3Error(error);
    const isCut = isAnswered && translated.code === entries.unreachable.code;
    throw isCut ? truncated('The connection ended within a version listing', error) : translated;
  }
}

/** Most pages are hashed and thrown away: they are put together only to be parsed. */
function rawPage({ texts, hash }: RawAnswer): RawVersionPage {
  if (!isComplete(texts)) throw whyIncomplete(texts.join(''));
  return { hash, parse: () => parseLatin1(texts.join('')) };
}

const rootEnd = '</ListVersionsResult>';
/** The root's closing tag, and what white space an endpoint may put after it. */
const tailLength = rootEnd.length + 16;

function isComplete(texts: readonly string[]): boolean {
  let tail = '';
  for (let index = texts.length - 1; index >= 0 && tail.length < tailLength; index -= 1) {
    tail = (texts[index]?.slice(-tailLength) ?? '') + tail;
  }
  return tail.trimEnd().endsWith(rootEnd);
}

/** Status 200 says little: an endpoint that fails after its headers puts an error document into the body. */
function whyIncomplete(body: string): Error {
  const start = body.slice(0, 1000);
  const code = /<Error>.*?<Code>([A-Za-z0-9.]{1,60})<\/Code>/s.exec(start)?.[1];
  if (code !== undefined) return errorOfAnswer(500, code, 'an error inside an answer with status 200');
  if (
    body.length > 0 &&
    !'<?xml <ListVersionsResult'.includes(start.slice(0, 6)) &&
    !/<ListVersionsResult/.test(start)
  ) {
    return notAListing();
  }
  return truncated(`The version listing was cut after ${body.length} bytes`);
}

function truncated(what: string, cause?: unknown): TransientError {
  return new TransientError(what, {
    code: 'S3.TRUNCATED',
    hint: 'The connection ended in the middle of an answer: look at the endpoint, and at proxies before it.',
    cause,
  });
}

function notAListing(): PermanentError | TransientError {
  return errorOf(entries.notS3, 'The answer to ListObjectVersions is no version listing');
}

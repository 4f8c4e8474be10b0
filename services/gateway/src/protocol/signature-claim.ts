import { S3Error } from './errors.js';
import { headerValue, queryValue, type S3Request } from './s3-request.js';
import { ALGORITHM, type SigningContext } from './sigv4.js';

/** What a request says about its signature, checked for form and time, not yet for truth. */
export interface SignatureClaim extends SigningContext {
  readonly accessKeyId: string;
  readonly signature: string;
}

export const UNSIGNED_PAYLOAD = 'UNSIGNED-PAYLOAD';

const MAX_SKEW_MS = 15 * 60_000;
const MAX_EXPIRES_SECONDS = 7 * 24 * 3_600;
const PAYLOAD_HASH = /^([0-9a-f]{64}|UNSIGNED-PAYLOAD|STREAMING-[A-Z0-9-]+)$/;

/** Throws S3's errors: no or another kind of authentication, a malformed one, one of another time. */
export function readClaim(request: S3Request, now: Date): SignatureClaim {
  const authorization = headerValue(request, 'authorization');
  const isPresigned = queryValue(request, 'X-Amz-Algorithm') !== undefined;
  if (authorization !== undefined && isPresigned) {
    throw new S3Error('InvalidArgument', { message: 'Only one auth mechanism allowed' });
  }
  if (headerValue(request, 'x-amz-security-token') ?? queryValue(request, 'X-Amz-Security-Token')) {
    throw new S3Error('InvalidToken');
  }
  refuseVersion2(request, authorization);
  if (isPresigned) return readPresigned(request, now);
  if (authorization === undefined) throw new S3Error('AccessDenied');
  return readAuthorization(request, authorization, now);
}

function refuseVersion2(request: S3Request, authorization: string | undefined): void {
  const isVersion2 = authorization?.startsWith('AWS ') || queryValue(request, 'AWSAccessKeyId') !== undefined;
  if (!isVersion2) return;
  // Version 1 of the aws command line presigns so.
  const message = `The authorization mechanism you have provided is not supported. Please use ${ALGORITHM}, in the aws command line by: aws configure set default.s3.signature_version s3v4`;
  throw new S3Error('InvalidRequest', { message });
}

const malformed = (message: string): S3Error => new S3Error('AuthorizationHeaderMalformed', { message });
const badQuery = (message: string): S3Error => new S3Error('AuthorizationQueryParametersError', { message });

function readAuthorization(request: S3Request, authorization: string, now: Date): SignatureClaim {
  if (!authorization.startsWith(`${ALGORITHM} `)) throw malformed(`Only ${ALGORITHM} is supported.`);
  const fields = new Map(
    authorization
      .slice(ALGORITHM.length + 1)
      .split(',')
      .map((field) => {
        const [name = '', ...value] = field.trim().split('=');
        return [name, value.join('=')] as const;
      }),
  );
  const timestamp = requestTime(request);
  const skewMs = Math.abs(now.getTime() - toDate(timestamp).getTime());
  if (skewMs > MAX_SKEW_MS) throw skewed(timestamp, now);
  const payloadHash = headerValue(request, 'x-amz-content-sha256');
  if (payloadHash === undefined) {
    const message = 'Missing required header for this request: x-amz-content-sha256';
    throw new S3Error('InvalidRequest', { message });
  }
  return {
    ...readCredential(fields.get('Credential') ?? '', timestamp, malformed),
    timestamp,
    signedHeaders: readSignedHeaders(request, fields.get('SignedHeaders') ?? '', malformed),
    signature: fields.get('Signature') ?? '',
    payloadHash: checkPayloadHash(payloadHash),
  };
}

function readPresigned(request: S3Request, now: Date): SignatureClaim {
  const parameter = (name: string): string => {
    const value = queryValue(request, name);
    if (value !== undefined && value !== '') return value;
    throw badQuery(`Query-string authentication version 4 requires the ${name} parameter.`);
  };
  if (parameter('X-Amz-Algorithm') !== ALGORITHM) throw badQuery(`X-Amz-Algorithm only supports "${ALGORITHM}"`);
  const timestamp = parameter('X-Amz-Date');
  if (Number.isNaN(toDate(timestamp).getTime())) {
    throw badQuery("X-Amz-Date must be in the ISO8601 Long Format \"yyyyMMdd'T'HHmmss'Z'\"");
  }
  checkValidity(timestamp, readExpires(parameter('X-Amz-Expires')), now);
  const payloadHash = headerValue(request, 'x-amz-content-sha256') ?? queryValue(request, 'X-Amz-Content-Sha256');
  return {
    ...readCredential(parameter('X-Amz-Credential'), timestamp, badQuery),
    timestamp,
    signedHeaders: readSignedHeaders(request, parameter('X-Amz-SignedHeaders'), badQuery),
    signature: parameter('X-Amz-Signature'),
    payloadHash: checkPayloadHash(payloadHash ?? UNSIGNED_PAYLOAD),
  };
}

function readExpires(text: string): number {
  if (!/^-?\d+$/.test(text)) throw badQuery('X-Amz-Expires should be a number');
  const seconds = Number(text);
  if (seconds < 0) throw badQuery('X-Amz-Expires must be non-negative');
  if (seconds <= MAX_EXPIRES_SECONDS) return seconds;
  throw badQuery(`X-Amz-Expires must be less than a week (in seconds), that is ${MAX_EXPIRES_SECONDS}`);
}

function checkValidity(timestamp: string, expiresSeconds: number, now: Date): void {
  const signedAt = toDate(timestamp).getTime();
  if (signedAt - now.getTime() > MAX_SKEW_MS) {
    throw new S3Error('AccessDenied', { message: 'Request is not valid yet', elements: times(timestamp, now) });
  }
  const expiresAt = new Date(signedAt + expiresSeconds * 1_000);
  if (now <= expiresAt) return;
  const elements = {
    'X-Amz-Expires': expiresSeconds,
    Expires: expiresAt.toISOString(),
    ServerTime: now.toISOString(),
  };
  throw new S3Error('AccessDenied', { message: 'Request has expired', elements });
}

type Malformed = (message: string) => S3Error;

function readCredential(
  text: string,
  timestamp: string,
  fault: Malformed,
): Pick<SignatureClaim, 'accessKeyId' | 'credential'> {
  const [accessKeyId, date, region, service, terminator, ...more] = text.split('/');
  if (!accessKeyId || !date || !region || more.length > 0 || terminator !== 'aws4_request') {
    throw fault('The Credential is mal-formed; expecting "<YOUR-AKID>/YYYYMMDD/REGION/SERVICE/aws4_request".');
  }
  if (service !== 's3') throw fault(`Incorrect service "${service}". This endpoint belongs to "s3".`);
  if (date !== timestamp.slice(0, 8)) throw fault('The date of the Credential is not that of the request.');
  return { accessKeyId, credential: { date, region, service } };
}

/** The host, and every x-amz header that is there, must be signed: what is not could be changed on the way. */
function readSignedHeaders(request: S3Request, text: string, fault: Malformed): readonly string[] {
  const signed = text.split(';');
  if (!signed.includes('host')) throw fault('The SignedHeaders must include the host header.');
  const unsigned = [...request.headers.keys()].filter((name) => name.startsWith('x-amz-') && !signed.includes(name));
  if (unsigned.length === 0) return signed;
  throw new S3Error('AccessDenied', {
    message: 'There were headers present in the request which were not signed',
    elements: { HeadersNotSigned: unsigned.join(', ') },
  });
}

function checkPayloadHash(value: string): string {
  if (PAYLOAD_HASH.test(value)) return value;
  const message = `x-amz-content-sha256 must be ${UNSIGNED_PAYLOAD}, a streaming form, or a valid sha256 value.`;
  throw new S3Error('InvalidArgument', { message, elements: { ArgumentName: 'x-amz-content-sha256' } });
}

/** x-amz-date, or the Date header in either of its forms, as `20130524T000000Z`. */
function requestTime(request: S3Request): string {
  const text = headerValue(request, 'x-amz-date') ?? headerValue(request, 'date') ?? '';
  if (!Number.isNaN(toDate(text).getTime())) return text;
  const date = new Date(/^\w{3}, /.test(text) ? text : Number.NaN);
  if (!Number.isNaN(date.getTime())) return date.toISOString().replaceAll(/[-:]|\.\d{3}/g, '');
  const message = 'AWS authentication requires a valid Date or x-amz-date header';
  throw new S3Error('AccessDenied', { message });
}

function toDate(timestamp: string): Date {
  const [, year, month, day, hour, minute, second] = /^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/.exec(timestamp) ?? [];
  return new Date(`${year}-${month}-${day}T${hour}:${minute}:${second}Z`);
}

function skewed(timestamp: string, now: Date): S3Error {
  const elements = { ...times(timestamp, now), MaxAllowedSkewMilliseconds: MAX_SKEW_MS };
  return new S3Error('RequestTimeTooSkewed', { elements });
}

const times = (timestamp: string, now: Date) => ({ RequestTime: timestamp, ServerTime: now.toISOString() });

import { GetBucketVersioningCommand, type S3Client } from '@aws-sdk/client-s3';
import { entries } from './error-table.js';
import { type RawAnswer, RawBody, takeRaw } from './raw-body.js';
import { type ConnectorError, errorOf, translateS3Error } from './translate-error.js';

/** What the first signed request has shown. */
export interface FirstContact {
  /** Of the bucket; 'off' when it never was enabled. Undefined together with an error. */
  readonly versioning: 'Enabled' | 'Suspended' | 'off' | undefined;
  readonly error: ConnectorError | undefined;
  /** The endpoint's clock, milliseconds since the epoch; undefined when it does not tell. */
  readonly endpointTime: number | undefined;
}

/**
 * Asks for the bucket's versioning. Its answer tells more than any other's: whether S3 answers at all, what it thinks of
 * the clock, the keys and the bucket's name, and whether the bucket keeps versions.
 */
export async function firstContact(client: S3Client, bucket: string, signal: AbortSignal): Promise<FirstContact> {
  const command = new GetBucketVersioningCommand({ Bucket: bucket });
  const raw = new RawBody();
  command.middlewareStack.add((next) => async (args) => raw.take(await next(args)), takeRaw);
  try {
    await client.send(command, { abortSignal: signal });
    return { versioning: readVersioning(raw.answer), error: undefined, endpointTime: timeOf(raw.answer) };
  } catch (error) {
    return { versioning: undefined, error: judge(translateS3Error(error)), endpointTime: timeOf(raw.answer) };
  }
}

/** Any web server answers 200 with something: only S3 answers with this root. */
function readVersioning(answer: RawAnswer | undefined): FirstContact['versioning'] {
  const text = answer?.body?.toString('utf8') ?? '';
  if (!/^\s*(<\?xml[^>]*\?>)?\s*<VersioningConfiguration[\s/>]/.test(text)) {
    throw errorOf(entries.notS3, `The endpoint answers ${answer?.status ?? 'something'}, but not as S3 does`);
  }
  const status = /<Status>\s*(Enabled|Suspended)\s*<\/Status>/.exec(text)?.[1];
  return status === 'Enabled' || status === 'Suspended' ? status : 'off';
}

/** S3 gives each refusal a code of its own; whoever refuses without one is something else. */
function judge(error: ConnectorError): ConnectorError {
  const { status, s3Code } = error.context;
  const isRefusal = typeof status === 'number' && status >= 400 && status < 500 && status !== 429;
  if (!isRefusal || s3Code !== undefined) return error;
  return errorOf(entries.notS3, `The endpoint answers ${status}, but not as S3 does`, error);
}

function timeOf(answer: RawAnswer | undefined): number | undefined {
  const time = Date.parse(answer?.headers.date ?? '');
  return Number.isNaN(time) ? undefined : time;
}

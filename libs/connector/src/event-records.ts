import { z } from 'zod';

/** Something may have changed at a key. Where to look, and nothing to be believed. */
export interface ObjectHint {
  /** The connector's bucket. */
  readonly bucket: string;
  /** As S3 knows it: decoded. */
  readonly key: string;
  /** `description`: what no listing shows, tags for example. */
  readonly about: 'versions' | 'description';
}

export type EventRecords =
  | {
      readonly kind: 'read';
      readonly hints: readonly ObjectHint[];
      /** Why some records can't be read, a sentence each. */
      readonly refused: readonly string[];
    }
  | { readonly kind: 'unreadable'; readonly reason: string };

const MAX_RECORDS = 1_000;
/** S3's limit, in bytes. */
const MAX_KEY_BYTES = 1_024;

const record = z.object({
  eventVersion: z.string().regex(/^2\./, 'only S3 event records of version 2.x are read'),
  eventName: z.string().min(1).max(200),
  s3: z.object({
    bucket: z.object({ name: z.string().min(3).max(255) }),
    // Its version id, size, ETag and sequencer are not looked at: the listing says them, and the sequencer repeats.
    object: z.object({
      key: z
        .string()
        .min(1)
        .max(MAX_KEY_BYTES * 3),
    }),
  }),
});
const envelope = z.object({ Records: z.array(z.unknown()).max(MAX_RECORDS, `at most ${MAX_RECORDS} records`) });
const testEvent = z.object({ Event: z.literal('s3:TestEvent') });

/**
 * Reads S3 event notifications, version 2.x, as S3, S3 Connector and MinIO send them: keys are URL-encoded, event names
 * may begin with `s3:`. One record that can't be read refuses no other.
 */
export function readEventRecords(body: unknown): EventRecords {
  if (testEvent.safeParse(body).success) return { kind: 'read', hints: [], refused: [] };
  const parsed = envelope.safeParse(body);
  if (!parsed.success) return { kind: 'unreadable', reason: `No S3 event records: ${inWords(parsed.error)}` };
  const hints: ObjectHint[] = [];
  const refused: string[] = [];
  for (const [index, one] of parsed.data.Records.entries()) {
    const read = readRecord(one);
    if (typeof read === 'string') refused.push(`Records[${index}]: ${read}`);
    else hints.push(...read);
  }
  return { kind: 'read', hints, refused };
}

/** Its hints, none for what changes nothing; a text says why it can't be read. */
function readRecord(one: unknown): readonly ObjectHint[] | string {
  const parsed = record.safeParse(one);
  if (!parsed.success) return inWords(parsed.error);
  const { eventName, s3 } = parsed.data;
  const about = subjectOf(eventName.replace(/^s3:/, ''));
  if (about === null) return [];
  const key = decodeKey(s3.object.key);
  if (key === null) return `s3.object.key: no URL-encoded key: ${JSON.stringify(s3.object.key.slice(0, 100))}`;
  if (Buffer.byteLength(key) > MAX_KEY_BYTES) return `s3.object.key: longer than ${MAX_KEY_BYTES} bytes`;
  return [{ bucket: s3.bucket.name, key, about }];
}

/** MinIO tells of tags as `ObjectCreated:PutTagging`, S3 as `ObjectTagging:Put`. */
function subjectOf(eventName: string): ObjectHint['about'] | null {
  if (/^Object(Accessed|Acl)\b/.test(eventName)) return null;
  if (/^ObjectTagging\b|^ObjectCreated:(Put|Delete)Tagging$/.test(eventName)) return 'description';
  return 'versions';
}

/** As forms are: a plus is a space. */
function decodeKey(encoded: string): string | null {
  try {
    return decodeURIComponent(encoded.replaceAll('+', ' '));
  } catch {
    return null;
  }
}

function inWords(error: z.ZodError): string {
  return error.issues.map(({ path, message }) => `${path.join('.') || 'the body'}: ${message}`).join('; ');
}

import { z } from 'zod';
import { bucketName, locationName } from '../locations/location.js';
import type { BucketRecord } from './bucket-store.js';

const seconds = z.number().nonnegative().nullable();
const count = z.number().int().nonnegative().nullable();
const instant = z.iso.datetime().nullable();

const snapshot = z.object({
  startedAt: instant,
  completedAt: instant.describe('null until every range was listed once and that is applied'),
  versionsListed: count,
  versionsPerSecond: z.number().nonnegative().nullable(),
});
const lastError = z
  .object({ code: z.string(), detail: z.string(), hint: z.string(), at: z.iso.datetime() })
  .describe('What went wrong last, and how to mend it');

const removals = z.object({
  candidates: count.describe('Versions that listings no longer show, and that are not removed yet'),
  unlisted: count.describe('Versions that listings do not show and that are there nevertheless: they stay'),
  ledger: count.describe('What POST accept-removals accepts: everything missed up to now'),
});
const verification = z
  .object({ startedAt: instant, completedAt: instant, versionsCompared: count, differences: count })
  .describe('The pass that was asked for last; completedAt is null while it runs');

/** What the poller says of a mirror. Null where it does not know. */
export const pollerStatus = z.object({
  snapshot,
  oldestUnappliedChangeAgeSeconds: seconds,
  oldestUnvisitedRangeAgeSeconds: seconds,
  oldestDescriptionAgeSeconds: seconds,
  lastFullPassAt: instant,
  lastFullPassSeconds: seconds,
  removals,
  suspect: z.boolean(),
  lastVerify: verification.nullable(),
  lastError: lastError.nullable(),
  failing: z.boolean(),
});
export type PollerStatus = z.infer<typeof pollerStatus>;

/** What the metadata service counts of a mirror. */
export const mirrorFigures = z.object({
  versions: z.object({ mirrored: count, currentObjects: count, deleteMarkers: count, bytes: count }),
});
export type MirrorFigures = z.infer<typeof mirrorFigures>;

/** What the replication service says of what clients uploaded and the connector does not have yet. */
export const uploads = z.object({
  waiting: z.number().int().nonnegative().describe('Operations: uploads, deletes and changes of tags'),
  waitingBytes: z.number().int().nonnegative().describe('Of the uploads among them'),
  oldestAgeSeconds: seconds.describe('Of the longest waiting one; null: none waits'),
  failed: z.number().int().nonnegative().describe('Those that GET /v1/failures?kind=push lists: not among the waiting'),
  lastError: lastError.nullable(),
});
export type Uploads = z.infer<typeof uploads>;

/** Failed operations are among the waiting. */
export const closedUploads = z.object({ waiting: z.number().int().nonnegative() });
export type ClosedUploads = z.infer<typeof closedUploads>;

export const reopenedUploads = z.object({});

/** An owner's answer: `unknown` when it has not heard of the mirror yet, `unreachable` when it does not answer. */
export type Told<T> =
  | { readonly kind: 'told'; readonly value: T }
  | { readonly kind: 'unknown' }
  | { readonly kind: 'unreachable' };

export const mirrorState = z.enum(['paused', 'suspect', 'failing', 'snapshot', 'live']);
export type MirrorCondition = z.infer<typeof mirrorState>;

export const statusAnswer = z
  .strictObject({
    bucket: bucketName,
    location: locationName,
    mirrorId: z.string(),
    state: mirrorState.describe('The first of these that applies; failing also when the poller does not answer'),
    versions: z.strictObject(mirrorFigures.shape.versions.shape).describe('In the mirror; null: not known now'),
    snapshot: z.strictObject(snapshot.shape),
    oldestUnappliedChangeAgeSeconds: seconds.describe('Age of the oldest change that was found and is not yet applied'),
    oldestUnvisitedRangeAgeSeconds: seconds.describe('Time since the least recently listed range was listed'),
    oldestDescriptionAgeSeconds: seconds.describe('No metadata or tags of a latest version were read longer ago'),
    lastFullPassAt: instant,
    lastFullPassSeconds: seconds,
    removals: z.strictObject(removals.shape),
    uploads: z
      .strictObject(uploads.omit({ lastError: true }).shape)
      .nullable()
      .describe('What clients uploaded, deleted or tagged here and the connector does not have yet; null: not known'),
    lastVerify: z.strictObject(verification.shape).nullable(),
    lastError: z.strictObject(lastError.shape).nullable(),
  })
  .meta({ id: 'MirrorStatus' });
export type StatusAnswer = z.infer<typeof statusAnswer>;
type LastError = NonNullable<StatusAnswer['lastError']>;

type Bucket = Pick<BucketRecord, '_id' | 'location' | 'mirrorId' | 'paused'>;

export interface OwnersAnswers {
  readonly poller: Told<PollerStatus>;
  readonly figures: Told<MirrorFigures>;
  readonly uploads: Told<Uploads>;
}

/** Puts together what each owner says. What one does not say is null, never zero. */
export function statusOf(bucket: Bucket, owners: OwnersAnswers, now: Date): StatusAnswer {
  const { poller, figures } = owners;
  const told = poller.kind === 'told' ? poller.value : nothingTold;
  const versions = figures.kind === 'told' ? figures.value.versions : noFigures;
  const { failing, suspect, lastError, lastVerify, ...rest } = told;
  const { waiting, pushError } = uploadsOf(owners.uploads, now);
  return {
    bucket: bucket._id,
    location: bucket.location,
    mirrorId: bucket.mirrorId,
    state: conditionOf(bucket, poller, owners.uploads),
    versions: { ...versions },
    ...rest,
    uploads: waiting,
    lastVerify,
    lastError: lastErrorOf(bucket, poller, versions.mirrored, now) ?? lastError ?? pushError ?? null,
  };
}

function uploadsOf(told: Told<Uploads>, now: Date): { waiting: StatusAnswer['uploads']; pushError?: LastError } {
  if (told.kind !== 'told')
    return { waiting: null, ...(told.kind === 'unreachable' && { pushError: replicationAway(now) }) };
  const { lastError, ...waiting } = told.value;
  return { waiting, ...(lastError && { pushError: lastError }) };
}

/** What keeps the mirror as a whole from following goes before the connector's last error. */
function lastErrorOf(
  { _id: bucket }: Bucket,
  poller: Told<PollerStatus>,
  mirrored: number | null,
  now: Date,
): StatusAnswer['lastError'] | undefined {
  if (poller.kind === 'unreachable') return pollerAway(now);
  if (poller.kind === 'told' && poller.value.suspect) return suspicion(bucket, poller.value.removals, mirrored, now);
  return undefined;
}

/** A mirror that nobody follows is failing, whatever the connector does; one not yet heard of is before its snapshot. */
export function conditionOf(
  bucket: Pick<Bucket, 'paused'>,
  poller: Told<PollerStatus>,
  pushes: Told<Uploads> = { kind: 'unknown' },
): MirrorCondition {
  if (bucket.paused) return 'paused';
  if (poller.kind === 'unreachable') return 'failing';
  if (poller.kind === 'unknown') return 'snapshot';
  if (poller.value.suspect) return 'suspect';
  if (poller.value.failing) return 'failing';
  // Nothing is pushed to the location, whatever can be listed there.
  if (pushes.kind === 'told' && pushes.value.lastError !== null) return 'failing';
  return poller.value.snapshot.completedAt === null ? 'snapshot' : 'live';
}

const noFigures: MirrorFigures['versions'] = { mirrored: null, currentObjects: null, deleteMarkers: null, bytes: null };

const nothingTold: PollerStatus = {
  snapshot: { startedAt: null, completedAt: null, versionsListed: null, versionsPerSecond: null },
  oldestUnappliedChangeAgeSeconds: null,
  oldestUnvisitedRangeAgeSeconds: null,
  oldestDescriptionAgeSeconds: null,
  lastFullPassAt: null,
  lastFullPassSeconds: null,
  removals: { candidates: null, unlisted: null, ledger: null },
  suspect: false,
  lastVerify: null,
  lastError: null,
  failing: false,
};

const replicationAway = (now: Date): LastError => ({
  code: 'STATUS.REPLICATION_UNREACHABLE',
  detail: 'The replication service does not answer: what waits to be brought to the connector is not known.',
  hint: 'See whether the replication service runs, and whether REPLICATION_URL of config is right.',
  at: now.toISOString(),
});

const pollerAway = (now: Date): LastError => ({
  code: 'STATUS.POLLER_UNREACHABLE',
  detail: 'The poller does not answer: whether the mirror follows its connector is not known.',
  hint: 'See whether the poller runs, and whether POLLER_URL of config is right.',
  at: now.toISOString(),
});

function suspicion(
  bucket: string,
  { candidates, ledger }: PollerStatus['removals'],
  mirrored: number | null,
  now: Date,
): NonNullable<StatusAnswer['lastError']> {
  const accepted = ledger === null ? 'removals.ledger of this status' : ledger;
  return {
    code: 'MIRROR.SUSPECT',
    detail:
      `The connector no longer lists ${candidates ?? 'many'} of the ${mirrored ?? 'mirrored'} versions. With what went in ` +
      'the last hour that is too much at once to be believed: nothing more is removed; what is added goes on to appear.',
    hint:
      'See whether the connector shows the right bucket, whole and in its present state; once it lists them again this ends ' +
      `by itself. If they were deleted on purpose: POST /v1/buckets/${bucket}/accept-removals with { "ledger": ${accepted} }.`,
    at: now.toISOString(),
  };
}

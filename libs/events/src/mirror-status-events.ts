import { z } from 'zod';
import { bucketName } from './fields.js';

const mirror = { mirrorId: z.string().min(1), bucket: bucketName, at: z.iso.datetime() };

export const snapshotStarted = z.strictObject(mirror);

export const snapshotCompleted = z.strictObject({
  ...mirror,
  startedAt: z.iso.datetime(),
  versionsListed: z.number().int().nonnegative(),
  seconds: z.number().nonnegative(),
});

/** Every range of the mirror was visited once since the pass began. */
export const passCompleted = z.strictObject({
  ...mirror,
  startedAt: z.iso.datetime(),
  seconds: z.number().nonnegative(),
  versionsListed: z.number().int().nonnegative(),
  requests: z.number().int().nonnegative(),
  differences: z.number().int().nonnegative(),
});

/** The connector does not answer as it should. Said once when it begins; `LocationReachable` ends it. */
export const locationUnreachable = z.strictObject({
  ...mirror,
  location: z.string(),
  code: z.string(),
  detail: z.string(),
  hint: z.string(),
});

export const locationReachable = z.strictObject({ ...mirror, location: z.string() });

/** Too much is missing at once: nothing is removed until it is listed again, or the operator accepts it (rule R6). */
export const mirrorSuspected = z.strictObject({
  ...mirror,
  candidates: z.number().int().nonnegative(),
  removedLastHour: z.number().int().nonnegative(),
  versionsAnHourAgo: z.number().int().nonnegative(),
  ledger: z.number().int().nonnegative(),
});

/** Ends it. */
export const mirrorTrusted = z.strictObject(mirror);

export const verifyCompleted = z.strictObject({
  ...mirror,
  startedAt: z.iso.datetime(),
  versionsCompared: z.number().int().nonnegative(),
  differences: z.number().int().nonnegative(),
});

export type MirrorSuspected = z.infer<typeof mirrorSuspected>;
export type MirrorTrusted = z.infer<typeof mirrorTrusted>;
export type VerifyCompleted = z.infer<typeof verifyCompleted>;
export type SnapshotStarted = z.infer<typeof snapshotStarted>;
export type SnapshotCompleted = z.infer<typeof snapshotCompleted>;
export type PassCompleted = z.infer<typeof passCompleted>;
export type LocationUnreachable = z.infer<typeof locationUnreachable>;
export type LocationReachable = z.infer<typeof locationReachable>;

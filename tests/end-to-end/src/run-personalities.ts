import { setTimeout as sleep } from 'node:timers/promises';
import { isDeepStrictEqual } from 'node:util';
import { CreateBucketCommand } from '@aws-sdk/client-s3';
import { type Faults, personalities, seededRandom, type VersionedBucket } from '@mirror/testing';
import { runMainJob } from './main-job.js';
import { type MirroredListingServer, mirrorListingServer } from './mirrored-listing-server.js';
import type { OwnStack } from './own-stack.js';
import { type System, type SystemOptions, s3Client } from './system.js';

export interface PersonalitiesJob {
  /** In each bucket, about. */
  readonly versions: number;
  readonly churn: { readonly seconds: number; readonly changesPerSecond: number };
  readonly report: (line: string) => void;
}

type Name = keyof typeof personalities;

/** Ranges come due again soon, however quiet they are; removals are believed soon, too. */
export const oftenVisited: SystemOptions['environment'] = {
  poller: { POLL_INTERVAL_MS: '300', VISIT_DEADLINE_SECONDS: '5', REMOVAL_DELAY_SECONDS: '2' },
};

const patienceMs = 400_000;
/** Enough for each range to be listed several times. */
const listingsToSee = 60;
const listingFaults = ['empty', 'half', 'markerAhead'] as const satisfies readonly Faults['listing'][];
/** What these leave out, or list twice, depends on which keys a listing has: faults would be theirs, too. */
const withoutFaults: readonly Name[] = ['s3ConnectorDoubling', 's3ConnectorOmitting', 's3ConnectorUtf16'];
/** More than a page holds. */
const versionsOfHotKey = 1_200;

/**
 * A simulated endpoint of every kind, all mirrored at the same time: equal after the snapshot and after changes, and nothing is
 * lost while listings are faulty. Fails where one is not.
 */
export async function runPersonalities(system: System, job: PersonalitiesJob): Promise<void> {
  const names = Object.keys(personalities) as Name[];
  const outcomes = await Promise.allSettled(names.map((name, index) => runOne(system, name, index + 1, job)));
  const failed = outcomes.flatMap((outcome) => (outcome.status === 'rejected' ? [outcome.reason] : []));
  if (failed.length > 0) throw new AggregateError(failed, failed.map(String).join('\n'));
}

/** MinIO and versitygw, one after the other; `stack` was started with versitygw. */
export async function runRealEndpoints({ system, servers, connector }: OwnStack, job: PersonalitiesJob): Promise<void> {
  // MinIO keeps the name `minio` to itself.
  const real = { 'kind-real-minio': servers.connector, 'kind-real-versitygw': connector };
  for (const [bucket, address] of Object.entries(real)) {
    const access = { ...address, bucket };
    const s3 = s3Client(access);
    await s3.send(new CreateBucketCommand({ Bucket: bucket }));
    s3.destroy();
    await runMainJob(system, access, job);
    job.report(`${bucket}: equal`);
  }
}

async function runOne(system: System, name: Name, seed: number, { versions, churn, report }: PersonalitiesJob) {
  const options = {
    personality: name,
    seed: (bucket: VersionedBucket) => fill(bucket, versions),
    liveWithinMs: patienceMs,
  };
  const kind = await mirrorListingServer({ system }, `kind-${name.toLowerCase()}`, options);
  try {
    await kind.waitUntilTrue(patienceMs);
    report(`${name}: equal after the snapshot, in ${kind.truth().length} entries`);
    const changes = await change(kind.server.contents, churn, seed);
    await kind.waitUntilTrue(patienceMs);
    report(`${name}: equal after ${changes} changes`);
    if (withoutFaults.includes(name)) return;
    for (const fault of listingFaults) await keepWhile(kind, name, fault);
    report(`${name}: nothing lost while listings were faulty`);
  } finally {
    await kind.stop();
  }
}

async function keepWhile(kind: MirroredListingServer, name: Name, listing: (typeof listingFaults)[number]) {
  const before = kind.truth();
  kind.server.inject({ listing });
  await kind.waitForListings(listingsToSee, patienceMs);
  const mirrored = await kind.mirrored();
  if (!isDeepStrictEqual(mirrored, before))
    throw new Error(
      `${name}: ${before.length - mirrored.length} of ${before.length} entries lost while listings were ${listing}`,
    );
  kind.server.inject({});
  await kind.waitUntilTrue(patienceMs);
}

function fill(bucket: VersionedBucket, versions: number): void {
  bucket.versioning = 'none';
  for (let index = 0; index < 20; index += 1) bucket.put(`folder/${index}`, { body: `null ${index}` });
  bucket.versioning = 'Enabled';
  for (let index = 0; index < versionsOfHotKey; index += 1) bucket.put('hot', { body: `hot ${index}` });
  for (let index = 0; index < (versions - versionsOfHotKey) / 1.2; index += 1) {
    bucket.put(`folder/${index}`, { body: `one ${index}` });
    if (index % 7 === 0) bucket.delete(`folder/${index}`);
    if (index % 14 === 0) bucket.put(`folder/${index}`, { body: `two ${index}` });
  }
  for (const key of ['a b+c%20', 'odd/\uE000', 'odd/\u{1F600}']) bucket.put(key, { body: key });
}

/** Puts, overwrites, deletes and removals of versions, all over the keys; gives back how many. */
async function change(bucket: VersionedBucket, { seconds, changesPerSecond }: PersonalitiesJob['churn'], seed: number) {
  const random = seededRandom(seed);
  const pick = <T>(items: readonly T[]): T | undefined => items[Math.floor(random() * items.length)];
  let changes = 0;
  for (const end = performance.now() + seconds * 1_000; performance.now() < end; changes += 1) {
    const key = pick(bucket.keys()) ?? 'first';
    const action = random();
    if (action < 0.3) bucket.put(`folder/new ${changes}`, { body: `new ${changes}` });
    else if (action < 0.6) bucket.put(key, { body: `again ${changes}` });
    else if (action < 0.8) bucket.delete(key);
    else bucket.remove(key, pick(bucket.versionsOf(key))?.versionId ?? '');
    await sleep(1_000 / changesPerSecond);
  }
  return changes;
}

import { type Faults, type VersionedBucket, waitFor } from '@mirror/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type MirroredListingServer, mirrorListingServer } from '../src/mirrored-listing-server.js';
import { startTestSystem, type TestSystem } from './test-system.js';

const versions = 401;
/** More versions of the later keys: half of the keys is far less than half of the versions, whatever else is put. */
const overwritten = 150;
/** Enough for what is missing to be missed for several times the delay of removals. */
const listingsToSee = 40;

/** What an operator reads, and does. */
interface SuspectStatus {
  readonly state: string;
  readonly removals: { readonly candidates: number; readonly ledger: number };
  readonly lastError: {
    readonly code: string;
    readonly detail: string;
    readonly hint: string;
    readonly at: string;
  } | null;
}

let running: TestSystem;
beforeAll(async () => {
  running = await startTestSystem({
    environment: { poller: { REMOVAL_DELAY_SECONDS: '1', POLL_INTERVAL_MS: '100' } },
  });
});
afterAll(() => running?.stop());

const statusOf = (bucket: string) => running.system.api.get<SuspectStatus>(`/v1/buckets/${bucket}/status`);
const isIn = async (bucket: string, state: string) => {
  const status = await statusOf(bucket);
  return status?.state === state && status;
};
const waitForState = (bucket: string, state: string) =>
  waitFor(() => isIn(bucket, state), { what: `${bucket} to be ${state}`, timeoutMs: 60_000, intervalMs: 100 });

describe('a connector whose listings lie (rule R6)', () => {
  const bucket = 'lies';
  let mirror: MirroredListingServer;
  const seed = (contents: VersionedBucket) => {
    fillWith(versions)(contents);
    for (const key of contents.keys().slice(-overwritten)) contents.put(key, { body: `${key}, again` });
  };
  beforeAll(async () => {
    mirror = await mirrorListingServer(running, bucket, { personality: 's3Connector', seed });
    await mirror.waitUntilTrue();
  }, 120_000);
  afterAll(() => mirror?.stop());

  const failures: [string, Faults][] = [
    ['403', { status: 403 }],
    ['500', { status: 500 }],
    ['503', { status: 503 }],
    ['half of a body', { listing: 'cutBody' }],
    ['a connection that ends in the body', { listing: 'cutConnection' }],
  ];
  it.each(failures)('that answers %s is failing, with words, and loses nothing', async (_what, faults) => {
    const before = mirror.truth();
    const since = new Date().toISOString();
    mirror.server.inject(faults);
    const failing = await waitFor(
      async () => {
        const status = await isIn(bucket, 'failing');
        return status && (status.lastError?.at ?? '') >= since && status;
      },
      { what: 'the failure to be shown', timeoutMs: 60_000 },
    );
    expect(failing.lastError?.code).toMatch(/^S3\./);
    expect(failing.lastError?.detail).not.toBe('');
    expect(failing.lastError?.hint).not.toBe('');
    expect(await mirror.mirrored()).toEqual(before);
    mirror.server.inject({});
    mirror.server.contents.put('after', { body: `after ${JSON.stringify(faults)}` });
    await mirror.waitUntilTrue();
    await waitForState(bucket, 'live');
  });

  it.each(['empty', 'half'] as const)('%s is suspect, with words, until they are whole again', async (listing) => {
    const before = mirror.truth();
    mirror.server.inject({ listing });
    const suspect = await waitForState(bucket, 'suspect');
    expect(suspect.lastError).toMatchObject({ code: 'MIRROR.SUSPECT' });
    expect(suspect.lastError?.detail).toContain(`${suspect.removals.candidates} of the ${before.length}`);
    expect(suspect.lastError?.hint).toContain(`/v1/buckets/${bucket}/accept-removals`);
    await mirror.waitForListings(listingsToSee);
    expect(await mirror.mirrored()).toEqual(before);
    mirror.server.inject({});
    await waitForState(bucket, 'live');
    await mirror.waitUntilTrue();
    expect(mirror.truth()).toEqual(before);
  });
});

describe('a connector that leads astray by its next markers', () => {
  const hotVersions = 1_500;
  let mirror: MirroredListingServer;
  const seed = (contents: VersionedBucket) => {
    fillWith(1_200)(contents);
    // Only inside a key of more versions than a page do markers lead on.
    for (let index = 0; index < hotVersions; index += 1) contents.put('hot', { body: `hot ${index}` });
    for (let index = 0; index < 300; index += 1) contents.put(`zoo/${index}`, { body: `${index}` });
  };
  beforeAll(async () => {
    mirror = await mirrorListingServer(running, 'astray', { personality: 's3Connector', seed });
    await mirror.waitUntilTrue();
  }, 120_000);
  afterAll(() => mirror?.stop());

  it.each(['markerAhead', 'markerBack'] as const)('%s loses nothing, and what is put is seen', async (listing) => {
    const before = mirror.truth();
    mirror.server.inject({ listing });
    await mirror.waitForListings(listingsToSee);
    expect(await mirror.mirrored()).toEqual(before);
    mirror.server.contents.put(`object/0000 after ${listing}`, { body: 'new' });
    mirror.server.contents.put('hot', { body: `after ${listing}` });
    await waitFor(async () => (await mirror.mirrored()).some((name) => name.includes(`after ${listing}`)), {
      what: 'the put to be mirrored',
      timeoutMs: 30_000,
    });
    mirror.server.inject({});
    await mirror.waitUntilTrue();
  });
});

describe('a connector that is restored from an older state', () => {
  const bucket = 'restored';
  let mirror: MirroredListingServer;
  beforeAll(async () => {
    mirror = await mirrorListingServer(running, bucket, { personality: 's3Connector', seed: fillWith(150) });
    await mirror.waitUntilTrue();
  }, 120_000);
  afterAll(() => mirror?.stop());

  it('is followed when little is missing: it is the truth', async () => {
    const { contents } = mirror.server;
    const older = mirror.server.snapshot();
    for (let index = 0; index < 20; index += 1) contents.put(`later/${index}`, { body: 'later' });
    contents.delete('object/0003');
    await mirror.waitUntilTrue();
    mirror.server.restore(older);
    await mirror.waitUntilTrue();
    expect(await mirror.mirrored()).toHaveLength(150);
  });

  it('is suspect when most is missing; what the operator accepts goes, and no more', async () => {
    const { contents } = mirror.server;
    const older = mirror.server.snapshot();
    for (let index = 0; index < 400; index += 1) contents.put(`later/${index}`, { body: 'later' });
    await mirror.waitUntilTrue();
    const before = mirror.truth();
    mirror.server.restore(older);
    await waitForState(bucket, 'suspect');
    contents.put('added while suspect', { body: 'new' });
    const added = contents.find('added while suspect')?.versionId ?? '';
    await waitFor(async () => (await mirror.mirrored()).some((name) => name.includes(added)), {
      what: 'the addition to be mirrored',
      timeoutMs: 30_000,
    });
    await mirror.waitForListings(listingsToSee);
    const held = (await mirror.mirrored()).filter((name) => !name.includes(added));
    expect(held).toEqual(before);
    const { removals } = await waitForState(bucket, 'suspect');
    await running.system.api.post(`/v1/buckets/${bucket}/accept-removals`, { ledger: removals.ledger });
    await mirror.waitUntilTrue();
    await waitForState(bucket, 'live');
  });
});

describe('a bucket of three objects', () => {
  let mirror: MirroredListingServer;
  beforeAll(async () => {
    mirror = await mirrorListingServer(running, 'three', { personality: 's3Connector', seed: fillWith(3) });
    await mirror.waitUntilTrue();
  }, 120_000);
  afterAll(() => mirror?.stop());

  it('follows when two of them are deleted', async () => {
    const { contents } = mirror.server;
    for (const key of ['object/0000', 'object/0002']) contents.remove(key, contents.find(key)?.versionId ?? '');
    await mirror.waitUntilTrue();
    expect(await mirror.mirrored()).toHaveLength(1);
    await waitForState('three', 'live');
  });
});

/** That many keys of one version each. */
function fillWith(count: number): (contents: VersionedBucket) => void {
  return (contents) => {
    for (let index = 0; index < count; index += 1) {
      contents.put(`object/${String(index).padStart(4, '0')}`, { body: `body ${index}` });
    }
  };
}

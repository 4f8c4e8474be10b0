import type { VersionedBucket } from '@mirror/testing';
import { waitFor } from '@mirror/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type MirroredListingServer, mirrorListingServer } from '../src/mirrored-listing-server.js';
import { startTestSystem, type TestSystem } from './test-system.js';

const lagWaitSeconds = 4;
const patience = { timeoutMs: 120_000, intervalMs: 100 };

/** The only segment of a small mirror. */
interface Segment {
  readonly epoch: number;
  readonly holder: string | null;
  readonly hash: string | null;
  readonly visitedAt: Date;
  readonly claimedAt: Date;
  readonly published: object | null;
  readonly publishedAt: Date | null;
}

let running: TestSystem;
let mirror: MirroredListingServer;
beforeAll(async () => {
  running = await startTestSystem({
    pollers: 2,
    environment: {
      poller: {
        REMOVAL_DELAY_SECONDS: '1',
        POLL_INTERVAL_MS: '200',
        LAG_WAIT_SECONDS: String(lagWaitSeconds),
      },
    },
  });
  await running.system.pollers[1]?.stop();
  mirror = await mirrorListingServer(running, 'stalled', { personality: 's3Connector', seed: fill });
  await mirror.waitUntilTrue();
}, 240_000);
afterAll(async () => {
  await running?.stop();
  await mirror?.stop();
});

async function segment(): Promise<Segment> {
  const { mirrorId } = await mirror.status();
  const [only, ...others] = await running.db.collection<Segment>('segments').find({ '_id.m': mirrorId }).toArray();
  if (!only || others.length > 0) throw new Error('not one segment');
  return only;
}
const waitForSegment = (what: string, matches: (found: Segment) => boolean): Promise<Segment> =>
  waitFor(
    async () => {
      const found = await segment();
      return matches(found) && found;
    },
    { what, ...patience },
  );
const isConfirmed = ({ hash, holder }: Segment) => hash !== null && holder === null;
const documentOf = async (key: string) => {
  const { mirrorId } = await mirror.status();
  return running.db.collection(`versions.${mirrorId}`).findOne({ '_id.k': key });
};

describe('a poller that is stopped between listing and publishing, for longer than its lease (rule R3)', () => {
  it('leaves nothing behind of a version that was removed meanwhile', async () => {
    const { contents } = mirror.server;
    const [zombie, other] = running.system.pollers;
    await waitForSegment('a confirmation', isConfirmed);
    // It describes what is new after it has listed and compared, and before it publishes.
    const describing = mirror.server.hold(({ method, key }) => method === 'HEAD' && key === 'short-lived');
    const { versionId } = contents.put('short-lived', { body: 'here for a moment' });
    await describing.reached;
    const { epoch, hash } = await segment();
    expect(hash).toBeNull();
    process.kill(zombie?.pid ?? 0, 'SIGSTOP');
    try {
      contents.remove('short-lived', versionId);
      await other?.start();
      await waitForSegment('the other one to confirm', (found) => isConfirmed(found) && found.epoch > epoch);
      expect(await documentOf('short-lived')).toBeNull();
    } finally {
      process.kill(zombie?.pid ?? 0, 'SIGCONT');
    }
    describing.release();
    await waitFor(() => documentOf('short-lived'), { what: 'what the zombie said', ...patience });
    await mirror.waitUntilTrue(30_000);
    await waitForSegment('a confirmation', isConfirmed);
    expect(await mirror.mirrored()).toEqual(mirror.truth());
    await other?.stop();
  }, 300_000);
});

describe('changes that are not applied for a while (rule R8)', () => {
  it('keep their range from being compared, for a bounded wait, and from being confirmed', async () => {
    const { contents } = mirror.server;
    const metadata = running.system.service('metadata').pid;
    await waitForSegment('a confirmation', isConfirmed);
    const { mirrorId } = await mirror.status();
    process.kill(metadata, 'SIGSTOP');
    try {
      const { versionId } = contents.put('unapplied', { body: 'said, not applied' });
      const { epoch, publishedAt } = await waitForSegment(
        'the change to be said',
        ({ published, holder }) => published !== null && holder === null,
      );
      const again = await waitForSegment('the next visit', (found) => found.epoch > epoch);
      const waitedMs = again.claimedAt.getTime() - (publishedAt?.getTime() ?? Number.NaN);
      expect(waitedMs).toBeGreaterThan(lagWaitSeconds * 1_000);
      // Without it the listing is the mirror, as far as anybody can see: the change that comes late must still be found.
      contents.remove('unapplied', versionId);
      const { visitedAt } = await segment();
      const compared = await waitForSegment(
        'a comparison of the range without it',
        (found) => found.holder === null && found.visitedAt > new Date(visitedAt.getTime() + 2_000),
      );
      expect(compared.hash).toBeNull();
      expect(compared.published).not.toBeNull();
      expect(await running.db.collection(`versions.${mirrorId}`).findOne({ '_id.k': 'unapplied' })).toBeNull();
    } finally {
      process.kill(metadata, 'SIGCONT');
    }
    await waitFor(() => documentOf('unapplied'), { what: 'the late change', ...patience });
    await mirror.waitUntilTrue(30_000);
    await waitForSegment('a confirmation', isConfirmed);
  }, 300_000);
});

function fill(contents: VersionedBucket): void {
  for (let index = 0; index < 40; index += 1) contents.put(`object/${index}`, { body: `body ${index}` });
}

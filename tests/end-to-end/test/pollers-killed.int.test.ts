import { type FreshBucket, fillAsPlanned, freshBucket, startListingServer, testServers } from '@mirror/testing';
import { describe, expect, it } from 'vitest';
import { killDuringSnapshot, oneVisitOnly, runMainJob } from '../src/index.js';
import { readTopic } from '../src/kcat.js';
import { connectorAccess, startTestSystem, type TestSystem } from './test-system.js';

// The same at full size is `npm run acceptance`, and `npm run acceptance -- --snapshot-kills`.
const timeoutMs = 400_000;
const report = () => {};

describe('a mirror whose services are killed again and again', () => {
  it(
    'is equal after the snapshot and after changes, with three pollers of which one is killed every three seconds',
    async () => {
      const versions = 4_000;
      await using target = disposable(await freshBucket({ versioning: 'none', prefix: 'killed' }), dropBucket);
      await using running = disposable(await startTestSystem({ pollers: 3 }), stopSystem);
      const figures = await runMainJob(running.value.system, connectorAccess(target.value.bucket), {
        versions,
        killPollerEveryMs: 3_000,
        churn: { seconds: 10, changesPerSecond: 50 },
        report,
      });
      expect(figures.comparisons[0]).toContain('equal        no difference in 4,000 entries');
      expect(figures.comparisons[1]).toContain('equal        no difference in');
      expect(figures.kills).toBeGreaterThan(2);
    },
    timeoutMs,
  );

  it(
    'completes its snapshot of a slow connector: every range once, all of it applied, nothing twice',
    async () => {
      const versions = 8_000;
      const seed = (bucket: Parameters<typeof fillAsPlanned>[0]) => fillAsPlanned(bucket, { versions });
      await using server = disposable(await startListingServer({ personality: 's3Connector', seed }), stopSystem);
      await using running = disposable(await startTestSystem({ environment: oneVisitOnly }), stopSystem);
      const { system, topicPrefix } = running.value;
      const job = { versions, kills: 2, latencyMs: 200, report };
      const figures = await killDuringSnapshot(system, server.value, job);
      expect(figures.comparison).toContain('equal        no difference in 8,000 entries');
      expect(figures.completed).toMatchObject({
        versions: { mirrored: versions },
        snapshot: { versionsListed: versions },
      });
      expect(figures.kills.map(({ process }) => process)).toEqual(['poller', 'metadata']);
      expect(figures.pages).toBeLessThanOrEqual(figures.allowedPages);
      const said = await readTopic(testServers().kafkaBrokers, `${topicPrefix}zenko.mirror-status.v1`);
      expect(said.filter(({ headers }) => headers.ce_type === 'SnapshotCompleted')).toHaveLength(1);
    },
    timeoutMs,
  );
});

const dropBucket = (bucket: FreshBucket) => bucket.drop();
const stopSystem = (running: Pick<TestSystem, 'stop'>) => running.stop();

function disposable<T>(value: T, dispose: (value: T) => Promise<void>) {
  return { value, [Symbol.asyncDispose]: () => dispose(value) };
}

import { type FreshBucket, freshBucket } from '@mirror/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type MainJobFigures, runMainJob } from '../src/index.js';
import { connectorAccess, startTestSystem, type TestSystem } from './test-system.js';

// The same with a minute of churn is `npm run acceptance`.
const versions = 20_000;
/** Filling takes one minute on two cores that do nothing else, and more on those of a whole test run. */
const timeoutMs = 900_000;

describe('the main job', () => {
  let running: TestSystem;
  let target: FreshBucket;
  beforeAll(async () => {
    [running, target] = await Promise.all([startTestSystem(), freshBucket({ versioning: 'none', prefix: 'main-job' })]);
  });
  afterAll(async () => {
    await running?.stop();
    await target?.drop();
  });

  it(
    'mirrors a bucket of every kind of version, and follows its changes, without a difference',
    async () => {
      const figures: MainJobFigures = await runMainJob(running.system, connectorAccess(target.bucket), {
        versions,
        churn: { seconds: 15, changesPerSecond: 50 },
        report: () => {},
      });
      const [afterSnapshot, afterChurn] = figures.comparisons;
      expect(afterSnapshot).toContain('equal        no difference in 20,000 entries');
      expect(afterChurn).toContain('equal        no difference in');
      expect(figures.live.snapshot.versionsListed).toBe(versions);
      expect(figures.live.uploads).toMatchObject({ waiting: 0, waitingBytes: 0, failed: 0 });
      expect(figures.generated).toMatchObject({ nullVersions: 300, multiparts: 10 });
      expect(figures.churned.changes.length).toBeGreaterThan(700);
    },
    timeoutMs,
  );
});

import { type CuttingProxy, startCuttingProxy, testServers } from '@mirror/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { faultsEnvironment, runUploadFaults } from '../src/index.js';
import { startTestSystem, type TestSystem } from './test-system.js';

describe('uploads, while every service is killed in turn and answers of the connector are lost', () => {
  let test: TestSystem;
  let proxy: CuttingProxy;
  beforeAll(async () => {
    [test, proxy] = await Promise.all([
      startTestSystem({ environment: faultsEnvironment }),
      startCuttingProxy(testServers().connector.endpoint),
    ]);
  });
  afterAll(async () => {
    await test?.stop();
    await proxy?.stop();
  });

  it('arrive exactly once where they were answered, in the order of their key, and leave nothing staged', async () => {
    const job = { seed: 7, uploads: 160, kills: 1, cutShare: 0.03, report: () => {} };
    const figures = await runUploadFaults(test.system, testServers().connector, proxy, job);
    expect(figures.kills).toEqual({ gateway: 1, replication: 1, metadata: 1, poller: 1 });
    expect(figures.answered).toBeGreaterThan(80);
    expect(figures.cutAnswers).toBeGreaterThan(0);
  }, 300_000);
});

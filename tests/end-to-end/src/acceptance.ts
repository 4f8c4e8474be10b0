import { parseArgs } from 'node:util';
import { CreateBucketCommand } from '@aws-sdk/client-s3';
import { type MainJobFigures, runMainJob } from './main-job.js';
import { startOwnStack } from './own-stack.js';
import { s3Client } from './system.js';

/**
 * `npm run acceptance`: the main job at its full size, 20,000 versions and a minute of 50 changes a second, against a stack
 * of its own. Exit code 1 where the two sides do not become equal.
 */
const { values } = parseArgs({
  options: {
    versions: { type: 'string', default: '20000' },
    seconds: { type: 'string', default: '60' },
    rate: { type: 'string', default: '50' },
  },
});
const report = (line: string): void => console.log(line);

const stack = await startOwnStack(report);
try {
  const { endpoint, region, accessKeyId, secretAccessKey } = stack.servers.connector;
  const connector = { endpoint, region, accessKeyId, secretAccessKey, bucket: 'acceptance' };
  const s3 = s3Client(connector);
  await s3.send(new CreateBucketCommand({ Bucket: connector.bucket }));
  s3.destroy();
  const figures = await runMainJob(stack.system, connector, {
    versions: Number(values.versions),
    churn: { seconds: Number(values.seconds), changesPerSecond: Number(values.rate) },
    report,
  });
  report(summary(figures));
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
} finally {
  await stack.stop();
}

function summary({ generated, snapshotSeconds, churned, settleSeconds }: MainJobFigures): string {
  const entries = generated.versions + generated.deleteMarkers;
  return [
    '',
    `bucket     ${entries} versions and delete markers of ${generated.keys} keys, ${generated.nullVersions} null versions`,
    `snapshot   ${snapshotSeconds.toFixed(1)} s, ${Math.round(entries / snapshotSeconds)} versions a second; equal`,
    `churn      ${churned.changes.length} changes in ${churned.seconds.toFixed(1)} s`,
    `quiet      equal again after ${settleSeconds.toFixed(1)} s`,
  ].join('\n');
}

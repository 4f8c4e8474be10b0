import { CreateBucketCommand } from '@aws-sdk/client-s3';
import { type AcceptanceSettings, help, readSettings } from './acceptance-settings.js';
import { type MainJobFigures, runMainJob } from './main-job.js';
import { startOwnStack } from './own-stack.js';
import { s3Client } from './system.js';

/**
 * `npm run acceptance`: the main job at its full size against a stack of its own, with several pollers of which one is killed
 * again and again. Exit code 1 where the two sides do not become equal.
 */
const report = (line: string): void => console.log(line);

try {
  const settings = readSettings(process.argv.slice(2));
  if (settings === null) report(help);
  else await accept(settings);
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
}

async function accept(settings: AcceptanceSettings): Promise<void> {
  const { endpoint, pollers, versions, seconds, rate, killEverySeconds } = settings;
  const stack = await startOwnStack(report, { endpoint, pollers });
  try {
    const connector = { ...stack.connector, bucket: 'acceptance' };
    const s3 = s3Client(connector);
    await s3.send(new CreateBucketCommand({ Bucket: connector.bucket }));
    s3.destroy();
    const figures = await runMainJob(stack.system, connector, {
      versions,
      ...(killEverySeconds > 0 && { killPollerEveryMs: killEverySeconds * 1000 }),
      churn: { seconds, changesPerSecond: rate },
      report,
    });
    report(summary(settings, figures));
  } finally {
    await stack.stop();
  }
}

function summary(settings: AcceptanceSettings, figures: MainJobFigures): string {
  const { generated, snapshotSeconds, churned, settleSeconds, kills } = figures;
  const entries = generated.versions + generated.deleteMarkers;
  return [
    '',
    `endpoint   ${settings.endpoint}, ${settings.pollers} pollers, ${kills} of them killed`,
    `bucket     ${entries} versions and delete markers of ${generated.keys} keys, ${generated.nullVersions} null versions`,
    `snapshot   ${snapshotSeconds.toFixed(1)} s, ${Math.round(entries / snapshotSeconds)} versions a second; equal`,
    `churn      ${churned.changes.length} changes in ${churned.seconds.toFixed(1)} s`,
    `quiet      equal again after ${settleSeconds.toFixed(1)} s`,
  ].join('\n');
}

import { CreateBucketCommand } from '@aws-sdk/client-s3';
import { fillAsPlanned, startListingServer } from '@mirror/testing';
import { type AcceptanceSettings, help, readSettings } from './acceptance-settings.js';
import { runBothSides } from './both-sides.js';
import { killInTurn } from './kill-in-turn.js';
import { type MainJobFigures, runMainJob } from './main-job.js';
import { startOwnStack } from './own-stack.js';
import { oftenVisited, runPersonalities, runRealEndpoints } from './run-personalities.js';
import { killDuringSnapshot, oneVisitOnly, type SnapshotKillsFigures } from './snapshot-kills.js';
import { s3Client } from './system.js';

/**
 * `npm run acceptance`: the main job at its full size against a stack of its own, with several pollers of which one is killed
 * again and again. Exit code 1 where the two sides do not become equal.
 */
const report = (line: string): void => console.log(line);

try {
  const settings = readSettings(process.argv.slice(2));
  if (settings === null) report(help);
  else if (settings.snapshotKills) await acceptSnapshotKills(settings);
  else if (settings.bothSides) await acceptBothSides(settings);
  else if (settings.personalities) await acceptPersonalities(settings);
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

async function acceptPersonalities(settings: AcceptanceSettings): Promise<void> {
  const { pollers, versions, seconds, rate, killEverySeconds } = settings;
  const stack = await startOwnStack(report, { endpoint: 'versitygw', pollers, environment: oftenVisited });
  const killing = killEverySeconds > 0 ? killInTurn(stack.system.pollers, killEverySeconds * 1_000) : null;
  const churn = { seconds, changesPerSecond: rate };
  try {
    await runPersonalities(stack.system, { versions, churn, report });
    await runRealEndpoints(stack, { versions, churn, report });
    report(`all equal, ${pollers} pollers, ${killing?.kills ?? 0} times one was killed`);
  } finally {
    await killing?.stop();
    await stack.stop();
  }
}

async function acceptSnapshotKills({ versions, pollers }: AcceptanceSettings): Promise<void> {
  const stack = await startOwnStack(report, { pollers, environment: oneVisitOnly });
  const seed = (bucket: Parameters<typeof fillAsPlanned>[0]) => fillAsPlanned(bucket, { versions });
  const server = await startListingServer({ personality: 's3Connector', seed });
  try {
    const figures = await killDuringSnapshot(stack.system, server, { versions, kills: 10, latencyMs: 200, report });
    report(killsSummary(versions, figures));
    const { pages, allowedPages, completed } = figures;
    if (pages > allowedPages) throw new Error(`${pages} pages were listed, more than ${allowedPages}`);
    if (completed.versions.mirrored !== versions) throw new Error('complete was said before all was applied');
  } finally {
    await stack.stop();
    await server.stop();
  }
}

function killsSummary(versions: number, figures: SnapshotKillsFigures): string {
  const { kills, pages, allowedPages, seconds, completed, comparison } = figures;
  const inFlight = kills.reduce((sum, kill) => sum + kill.inFlight, 0);
  return [
    comparison.trimEnd(),
    '',
    `kills      ${kills.length}, after ${kills.map(({ pagesBefore }) => pagesBefore).join(', ')} of ${pages} pages`,
    `pages      ${pages} of first visits; allowed are ${allowedPages}: 1.25 a thousand of ${versions} versions, and ${2 * inFlight}`,
    `complete   after ${seconds.toFixed(1)} s, ${completed.versions.mirrored} versions mirrored when it was said`,
  ].join('\n');
}

async function acceptBothSides({ endpoint, pollers, seconds, rate }: AcceptanceSettings): Promise<void> {
  const stack = await startOwnStack(report, { endpoint, pollers });
  try {
    const job = { seconds, writesPerSecond: rate, keys: 20, report };
    const { puts, deletes, pushedSeconds, equalSeconds } = await runBothSides(stack.system, stack.connector, job);
    report(`both sides wrote ${job.keys} keys for ${seconds} s: ${puts} puts and ${deletes} deletes were answered`);
    report(
      `each is at the connector once; all pushed after ${pushedSeconds.toFixed(1)} s, equal after ${equalSeconds.toFixed(1)} s`,
    );
  } finally {
    await stack.stop();
  }
}

import {
  AbortMultipartUploadCommand,
  CreateBucketCommand,
  ListMultipartUploadsCommand,
  PutBucketVersioningCommand,
  type S3Client,
} from '@aws-sdk/client-s3';
import type { ServiceName } from '@mirror/local';
import { type ConnectorAddress, type CuttingProxy, freshName, seededRandom, waitFor } from '@mirror/testing';
import { checkUploads, type UploadCheck } from './check-uploads.js';
import { waitUntilEqual } from './compare.js';
import { killAndRestart, missedSoon } from './kill-in-turn.js';
import { waitUntilPushed, waitUntilStagingIsEmpty } from './settle-uploads.js';
import { type System, s3Client } from './system.js';
import { UploadClients } from './upload-clients.js';
import { planUploads } from './upload-plan.js';

export interface FaultsJob {
  readonly seed: number;
  readonly uploads: number;
  /** Of each service. */
  readonly kills: number;
  /** Share of the connector's answers to writes that are lost after it has done what they say. */
  readonly cutShare: number;
  readonly report: (line: string) => void;
}

export interface FaultsFigures extends UploadCheck {
  readonly answered: number;
  readonly unanswered: number;
  /** Kills of each service while clients were uploading or operations waited. */
  readonly kills: Readonly<Record<string, number>>;
  readonly cutAnswers: number;
  readonly seconds: number;
}

/** metadata first: Kafka lets its successor read only when it has missed the killed one for some seconds. */
const victims: readonly ServiceName[] = ['metadata', 'gateway', 'replication', 'poller'];

/** Lost answers are looked for soon, staged bytes that nobody commits go soon: the run has minutes, not days. */
export const faultsEnvironment = {
  replication: { ...missedSoon, UNKNOWN_OUTCOME_SECONDS: '3', ABANDON_STAGED_SECONDS: '20' },
  metadata: missedSoon,
};

/**
 * Uploads of mixed sizes and overwrites through the gateway, while the services are killed by SIGKILL in turn and answers of the
 * connector are lost. Throws unless every answered upload is at the connector exactly once, byte for byte, in the order of its
 * key, any other once or not at all, both sides list the same, and staging is empty.
 */
export async function runUploadFaults(
  system: System,
  address: ConnectorAddress,
  proxy: CuttingProxy,
  job: FaultsJob,
): Promise<FaultsFigures> {
  const startedAt = performance.now();
  const { seed } = job;
  const bucket = freshName(`faults-${seed}`);
  const connector = { ...address, bucket };
  const direct = s3Client(connector);
  await direct.send(new CreateBucketCommand({ Bucket: bucket }));
  const VersioningConfiguration = { Status: 'Enabled' as const };
  await direct.send(new PutBucketVersioningCommand({ Bucket: bucket, VersioningConfiguration }));
  await system.mirror(bucket, { ...connector, endpoint: proxy.endpoint });
  await system.waitUntilLive(bucket);
  const mirror = await system.gatewayAccess(bucket, 'writer');
  const gateway = s3Client(mirror, 1);
  const cut = cutAnswers(proxy, seed, job.cutShare);
  const plan = planUploads(seed, job.uploads);
  const clients = new UploadClients(gateway, bucket, seed);
  const running = clients.run(plan);
  const kills = await killServices(system, bucket, clients, job);
  await running;
  const aborted = await abortUnfinished(gateway, bucket);
  job.report(
    `seed ${seed}: ${clients.answered.size} of ${clients.done} uploads were answered; ${aborted} begun in parts were aborted`,
  );
  await waitUntilPushed(system, bucket);
  proxy.decide(() => 'pass');
  const check = await checkUploads(direct, bucket, seed, plan, clients);
  await waitUntilEqual(mirror, connector, 120_000);
  await waitUntilStagingIsEmpty(system);
  gateway.destroy();
  direct.destroy();
  const seconds = (performance.now() - startedAt) / 1000;
  const { answered, unanswered } = clients;
  return { ...check, answered: answered.size, unanswered: unanswered.size, kills, cutAnswers: cut.count, seconds };
}

/** Clients that got an error in the middle of an upload in parts leave it open: its parts stay until somebody aborts it. */
async function abortUnfinished(gateway: S3Client, Bucket: string): Promise<number> {
  const { Uploads = [] } = await gateway.send(new ListMultipartUploadsCommand({ Bucket }));
  for (const { Key, UploadId } of Uploads)
    await gateway.send(new AbortMultipartUploadCommand({ Bucket, Key, UploadId }));
  return Uploads.length;
}

function cutAnswers(proxy: CuttingProxy, seed: number, share: number): { count: number } {
  const random = seededRandom(seed + 1_000_000);
  const cut = { count: 0 };
  proxy.decide(({ method }) => {
    if ((method !== 'PUT' && method !== 'POST') || random() >= share) return 'pass';
    cut.count += 1;
    return 'cutAnswer';
  });
  return cut;
}

/** Spread over the uploads, which wait for the next kill where they are ahead of it; nobody is killed before the last one that was is ready again. */
async function killServices(
  system: System,
  bucket: string,
  clients: UploadClients,
  { kills, uploads, seed, report }: FaultsJob,
): Promise<Record<string, number>> {
  const random = seededRandom(seed + 2_000_000);
  const counts: Record<string, number> = Object.fromEntries(victims.map((name) => [name, 0]));
  const total = kills * victims.length;
  for (let turn = 0; turn < total; turn += 1) {
    const victim = victims[turn % victims.length] ?? 'metadata';
    clients.allow(Math.ceil(((turn + 1) / total) * uploads));
    const due = Math.floor(((turn + 0.2 + 0.5 * random()) / total) * uploads);
    await waitFor(() => clients.done >= due, { what: `upload ${due}`, timeoutMs: 300_000, intervalMs: 5 });
    const waiting = await waitingNow(system, bucket);
    const { inFlight, done } = clients;
    if (inFlight > 0 || (waiting ?? 0) > 0) counts[victim] = (counts[victim] ?? 0) + 1;
    report(`seed ${seed}: killing ${victim} after ${done} uploads, ${inFlight} in flight, ${waiting ?? '?'} waiting`);
    await killAndRestart(system.service(victim));
  }
  clients.allow(uploads);
  const tooFew = victims.filter((name) => (counts[name] ?? 0) < kills);
  if (tooFew.length > 0) throw new Error(`seed ${seed}: ${tooFew.join(', ')} met no work in flight at some kill`);
  return counts;
}

/** Null: nobody knows. */
async function waitingNow(system: System, bucket: string): Promise<number | null> {
  const status = await system.status(bucket).catch(() => null);
  return status?.uploads?.waiting ?? null;
}

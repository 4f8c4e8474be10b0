import type { ServerProcess } from '@mirror/local';
import { type ListingServer, waitFor } from '@mirror/testing';
import { compare } from './compare.js';
import { killAndRestart, missedSoon } from './kill-in-turn.js';
import { locationOf, type Status, type System } from './system.js';

export interface SnapshotKills {
  /** Of the bucket at the connector. */
  readonly versions: number;
  /** In all; pollers and metadata in turn. */
  readonly kills: number;
  /** Before each page. */
  readonly latencyMs: number;
  readonly report: (line: string) => void;
}

export interface Kill {
  readonly process: string;
  /** Pages that were asked for before it, of this snapshot. */
  readonly pagesBefore: number;
  /** Pages that were under way when the process was killed. */
  readonly inFlight: number;
}

export interface SnapshotKillsFigures {
  readonly kills: readonly Kill[];
  /** Asked for until the snapshot was complete; none is of a second visit. */
  readonly pages: number;
  /** 1.25 pages a thousand versions, and for each kill twice what was in flight. */
  readonly allowedPages: number;
  readonly seconds: number;
  /** When the snapshot was seen to be complete for the first time. */
  readonly completed: Status;
  readonly comparison: string;
}

/** Settings with which no range is visited a second time before the snapshot is long over, so that pages can be counted. */
export const oneVisitOnly = { poller: { POLL_INTERVAL_MS: '3600000' }, metadata: missedSoon };

const bucket = 'killed-snapshot';
const waiting = { timeoutMs: 600_000, intervalMs: 20 };

/**
 * The snapshot of a slow connector, in whose course pollers and metadata are killed by SIGKILL, each kill when another share
 * of the pages has been listed. Fails where the snapshot is over before the last kill, or the two sides are not equal after it.
 */
export async function killDuringSnapshot(
  system: System,
  server: ListingServer,
  job: SnapshotKills,
): Promise<SnapshotKillsFigures> {
  const { endpoint, region, accessKeyId, secretAccessKey } = server;
  const connector = { endpoint, region, accessKeyId, secretAccessKey, bucket: server.bucket };
  const mirror = await system.gatewayAccess(bucket);
  const location = locationOf(`at-${bucket}`, connector);
  await system.api.post('/v1/locations', location);
  server.inject({ latencyMs: job.latencyMs });
  const before = server.listings.length; // the check of the location lists, too
  const pages = () => server.listings.length - before;
  const startedAt = performance.now();
  await system.api.post('/v1/buckets', { name: bucket, locationConstraint: `${location.name}:ingest` });
  const kills = await killInSnapshot(system, server, pages, job);
  const completed = await untilComplete(system);
  const seconds = (performance.now() - startedAt) / 1000;
  const figures = { kills, pages: pages(), allowedPages: allowedPages(job.versions, kills), seconds, completed };
  if (kills.some(({ pagesBefore }) => pagesBefore >= figures.pages)) throw new Error('a kill came after the last page');
  server.inject({});
  const { code, output } = await compare(mirror, connector);
  if (code !== 0) throw new Error(`Not equal after the snapshot:\n${output}`);
  return { ...figures, comparison: output };
}

const allowedPages = (versions: number, kills: readonly Kill[]): number =>
  1.25 * Math.ceil(versions / 1000) + kills.reduce((sum, { inFlight }) => sum + 2 * inFlight, 0);

/** What is killed starts again beside the snapshot; nobody is killed again before it is ready. */
async function killInSnapshot(
  system: System,
  server: ListingServer,
  pages: () => number,
  { versions, kills, report }: SnapshotKills,
): Promise<Kill[]> {
  const share = Math.ceil(versions / 1000) / (kills + 1);
  const restarts = new Map<ServerProcess, Promise<void>>();
  const done: Kill[] = [];
  for (let turn = 0; turn < kills; turn += 1) {
    const pollers = system.pollers;
    const victim = turn % 2 === 0 ? pollers[(turn / 2) % pollers.length] : system.service('metadata');
    if (victim === undefined) throw new Error('there is no poller');
    await restarts.get(victim);
    const due = Math.ceil((turn + 1) * share);
    await waitFor(() => pages() >= due, { ...waiting, what: `page ${due} to be listed` });
    const kill = { process: victim.name, pagesBefore: pages(), inFlight: server.listingsUnderWay };
    const restart = killAndRestart(victim);
    restart.catch(() => undefined); // awaited before its next turn, or below
    restarts.set(victim, restart);
    done.push(kill);
    report(`killed ${kill.process} after ${kill.pagesBefore} pages, ${kill.inFlight} under way`);
  }
  await Promise.all(restarts.values());
  return done;
}

/** The first status that tells of it, with all figures known. */
function untilComplete(system: System): Promise<Status> {
  const complete = async () => {
    const status = await system.status(bucket);
    return status.snapshot.completedAt !== null && status.versions.mirrored !== null && status;
  };
  return waitFor(complete, { ...waiting, what: 'the snapshot to be complete' });
}

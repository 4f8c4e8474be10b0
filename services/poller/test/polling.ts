import { CachedLookup } from '@mirror/config-client';
import { EndpointGuard, parseNetworks } from '@mirror/connector';
import { type CloudEvent, type ObjectChanged, type Topic, topics } from '@mirror/events';
import type { EventProducer, Position } from '@mirror/kafka';
import { Namespace } from '@mirror/namespace';
import { createLogger } from '@mirror/runtime';
import type { ListingServer } from '@mirror/testing';
import type { MongoClient } from 'mongodb';
import { openBackground } from '../src/background.js';
import { ConnectorAccess } from '../src/connector/connector-access.js';
import { RequestBudget } from '../src/connector/request-budget.js';
import { RequestWindow } from '../src/connector/request-window.js';
import { PollLoop } from '../src/poll-loop.js';
import type { EndpointMarkers } from '../src/polled-target.js';
import { StatusEvents } from '../src/publish-status.js';
import { HintStore } from '../src/state/hint-store.js';
import { PaceKeeper } from '../src/state/pace-keeper.js';
import { ProgressStore } from '../src/state/progress-store.js';
import { RemovalLedger } from '../src/state/removal-ledger.js';
import { SegmentStore } from '../src/state/segment-store.js';
import { SweepStore } from '../src/state/sweep-store.js';
import { Removals } from '../src/visit/believe-removals.js';
import { HintedVisitor } from '../src/visit/visit-hinted.js';
import { SegmentVisitor } from '../src/visit/visit-segment.js';

export interface Polling {
  /** The changes that were published, in order. */
  readonly changes: readonly ObjectChanged[];
  readonly segments: SegmentStore;
  readonly progress: ProgressStore;
  stop(): Promise<void>;
}

export interface PollingOptions {
  readonly mirrorId: string;
  readonly visitsAtOnce: number;
  readonly pollers?: number;
  readonly intervalMs?: number;
  readonly hidesAstral?: boolean;
  readonly markers?: EndpointMarkers;
  readonly ordersByUnits?: boolean;
  readonly sweepAgeSeconds?: number;
}

/**
 * One poller's loop on a listing server, with the real database. What it publishes goes nowhere: the mirror stays empty, and
 * each version is a difference at each visit.
 */
export async function startPolling(
  mongo: MongoClient,
  server: ListingServer,
  {
    mirrorId,
    visitsAtOnce,
    pollers = 1,
    intervalMs = 3_600_000,
    hidesAstral = false,
    markers = 'keys',
    ordersByUnits = false,
    sweepAgeSeconds = 86_400,
  }: PollingOptions,
): Promise<Polling> {
  const changes: ObjectChanged[] = [];
  const producer = recordingProducer(changes);
  const namespace = new Namespace(mongo.db());
  const progress = new ProgressStore(mongo.db());
  const ledger = new RemovalLedger(mongo.db());
  const segments = new SegmentStore(mongo, namespace, progress, `poller ${Math.random()}`);
  const hints = new HintStore(namespace);
  const sweeps = new SweepStore(namespace);
  await Promise.all([segments.init(), hints.init(), sweeps.init(), ledger.init()]);
  const stores = { segments, ledger, progress };
  const logger = createLogger('poller', 'silent');
  const suspicion = { share: 0.5, floorVersions: 100 };
  const removals = new Removals(ledger, progress, segments, { delaySeconds: 10, maxHeads: 50, suspicion }, logger);
  const visitor = new SegmentVisitor(namespace, stores, removals, producer, {
    removalDelayMs: 10_000,
    maxDescribed: 0,
  });
  const mirror = {
    mirrorId,
    bucket: 'photos',
    location: 'ring',
    target: 'there',
    hidesAstral,
    markers,
    ordersByUnits,
  };
  const abort = new AbortController();
  const connector = accessTo(server, abort.signal);
  const parts = { namespace, producer, logger };
  const seconds = intervalMs / 1_000;
  const limits = { requestsPerSecond: 10_000, minIntervalSeconds: seconds, maxIntervalSeconds: seconds };
  const background = openBackground(mirror, connector, abort.signal, parts, {
    requestsPerSecond: 10_000,
    share: () => 1,
    hintParts: { segments, hints, visitor: new HintedVisitor(namespace, segments, hints, producer) },
    hintsShare: 1,
    sweeps,
    sweepAgeSeconds,
  });
  const loop = new PollLoop(mirror, connector, background, abort.signal, {
    namespace,
    stores,
    visitor,
    status: new StatusEvents(producer),
    suspicion,
    changesTopic: topics.objectChanges.name,
    visitsAtOnce,
    lagWaitMs: 300_000,
    rangesWanted: () => visitsAtOnce * pollers,
    paces: new PaceKeeper(namespace, limits),
    logger,
  });
  loop.start();
  const stop = async () => {
    abort.abort();
    await loop.ended();
    connector.refresh();
  };
  return { changes, segments, progress, stop };
}

/** `position` is where everything that is sent is told to be. */
export function recordingProducer(changes: ObjectChanged[], position: Position = {}): EventProducer {
  const send = async (topic: Topic, events: readonly CloudEvent[]) => {
    if (topic === topics.objectChanges) changes.push(...events.map(({ data }) => data as ObjectChanged));
    return position;
  };
  return { send } as unknown as EventProducer;
}

export function accessTo(server: ListingServer, signal: AbortSignal): ConnectorAccess {
  const { endpoint, region, accessKeyId: accessKey, secretAccessKey: secretKey, bucket: bucketName } = server;
  const found = { name: 'ring', revision: '1', endpoint, region, bucketName, accessKey, secretKey };
  const times = { foundMs: 60_000, missingMs: 1_000, maxEntries: 10, now: () => performance.now() };
  const credentials = new CachedLookup(async () => found, times);
  const budget = new RequestBudget(10_000, 10_000, () => performance.now());
  const window = new RequestWindow(256, () => performance.now());
  const guard = new EndpointGuard(parseNetworks('127.0.0.0/8'));
  return new ConnectorAccess('ring', credentials, guard, { budget, window }, signal);
}

import type { CachedLookup, LocationCredentials } from '@mirror/config-client';
import type { EndpointGuard } from '@mirror/connector';
import type { LocationState, MirrorState } from '@mirror/events';
import type { StateEntry, StateTable } from '@mirror/kafka';
import type { Logger } from '@mirror/runtime';
import type { Staging } from '@mirror/staging';
import { KeyQueue } from './key-queue.js';
import { Bandwidth } from './location/bandwidth.js';
import type { CircuitError } from './location/circuit.js';
import { ConnectorAccess } from './location/connector-access.js';
import { LocationPushes } from './location/location-pushes.js';
import { Slots } from './location/slots.js';
import type { KeyPusher, KeyState, MirrorAccess } from './push-key.js';

export interface PushLimits {
  readonly keysAtOnce: number;
  readonly partsAtOnce: number;
  /** 0: as much as goes. */
  readonly bytesPerSecond: number;
}

export interface MirrorPushesParts {
  readonly buckets: StateTable<MirrorState>;
  readonly locations: StateTable<LocationState>;
  readonly credentials: CachedLookup<LocationCredentials>;
  readonly guard: EndpointGuard;
  readonly staging: Staging;
  readonly pusher: KeyPusher;
  readonly limits: PushLimits;
  /** False: nothing of any mirror may begin. */
  mayPush(): boolean;
  readonly logger: Logger;
}

interface Mirror {
  readonly bucket: string;
  paused: boolean;
  readonly location: LocationPushes;
  readonly queue: KeyQueue;
}

/** Of keys that are worked at, most wait for the database: what they hold up is not the connector. */
const KEYS_A_PLACE = 8;
/** What has begun when the process dies has an outcome that nobody knows, and is looked for: no more than keeps the places in use. */
const BEGUN_A_PLACE = 3;
const MAX_WAITING = 10_000;
const MAX_SOCKETS = 512;
/** What runs at a stop has so long to end; what is cut has an unknown outcome, and is looked for after the next start. */
const DRAIN_MS = 7_000;
const UNEXPECTED_RETRY_MS = 2_000;

/** The mirrors that are alive (rule R2), each with its location and the queue of its keys. */
export class MirrorPushes {
  readonly #mirrors = new Map<string, Mirror>();
  readonly #abort = new AbortController();
  #unsubscribe: (() => void)[] = [];

  constructor(private readonly parts: MirrorPushesParts) {}

  /** The state tables have been read to their end. */
  start(): void {
    const { buckets, locations } = this.parts;
    for (const entry of buckets.entries()) this.#apply(entry);
    this.#unsubscribe = [
      buckets.onChange((entry) => this.#apply(entry)),
      locations.onChange(({ state }) => this.#refresh(state.name)),
    ];
  }

  async stop(): Promise<void> {
    for (const unsubscribe of this.#unsubscribe) unsubscribe();
    const mirrors = [...this.#mirrors.values()];
    this.#mirrors.clear(); // nothing begins any more
    const cut = setTimeout(() => this.#abort.abort(), DRAIN_MS);
    await Promise.all(mirrors.map(({ queue }) => queue.drain()));
    clearTimeout(cut);
    for (const { location } of mirrors) location.stop();
  }

  /** Something may be there for this key; nothing happens for a mirror that is no more. */
  nudge(mirrorId: string, key: string): void {
    this.#mirrors.get(mirrorId)?.queue.nudge(key);
  }

  /** What the key waits for has changed. */
  wake(mirrorId: string, key: string): void {
    this.#mirrors.get(mirrorId)?.queue.wake(key);
  }

  /** Nothing may have begun for a while, and now it may. */
  pump(): void {
    for (const { queue } of this.#mirrors.values()) queue.pump();
  }

  /** Keys of a mirror that wait or are worked at; undefined: it is not alive. */
  queued(mirrorId: string): number | undefined {
    return this.#mirrors.get(mirrorId)?.queue.size;
  }

  /** Why nothing is pushed to the mirror's location; null: it is, or nobody knows otherwise. */
  errorOf(mirrorId: string): CircuitError | null {
    return this.#mirrors.get(mirrorId)?.location.error ?? null;
  }

  ids(): readonly string[] {
    return [...this.#mirrors.keys()];
  }

  bucketOf(mirrorId: string): string | undefined {
    return this.#mirrors.get(mirrorId)?.bucket;
  }

  accessOf(mirrorId: string): ConnectorAccess | undefined {
    return this.#mirrors.get(mirrorId)?.location.access;
  }

  #apply({ type, state }: StateEntry<MirrorState>): void {
    for (const [mirrorId, { bucket }] of this.#mirrors) {
      if (bucket === state.bucket && (mirrorId !== state.mirrorId || type === 'BucketDetached')) this.#end(mirrorId);
    }
    if (type === 'BucketDetached') return;
    const known = this.#mirrors.get(state.mirrorId);
    if (known) known.paused = state.paused;
    else this.#mirrors.set(state.mirrorId, this.#begin(state));
    this.#mirrors.get(state.mirrorId)?.queue.pump();
  }

  #begin({ mirrorId, bucket, location: name, paused }: MirrorState): Mirror {
    const { credentials, guard, limits, logger } = this.parts;
    const access = new ConnectorAccess(name, { credentials, guard, maxSockets: MAX_SOCKETS });
    const bandwidth = new Bandwidth(limits.bytesPerSecond);
    const location = new LocationPushes(name, access, bandwidth, () => queue.wakeAll(), logger);
    const slots = new Slots(limits.keysAtOnce * BEGUN_A_PLACE);
    const places = new Slots(limits.keysAtOnce);
    const queue = new KeyQueue({
      atOnce: limits.keysAtOnce * KEYS_A_PLACE,
      together: (limits.keysAtOnce * KEYS_A_PLACE) / 2,
      maxWaiting: MAX_WAITING,
      mayBegin: () => this.#mayPush(mirrorId),
      work: (key, retries) => this.#work(mirrorId, location, { slots, places }, key, retries),
      now: () => performance.now(),
    });
    return { bucket, paused, location, queue };
  }

  #end(mirrorId: string): void {
    const mirror = this.#mirrors.get(mirrorId);
    this.#mirrors.delete(mirrorId);
    void mirror?.queue.drain().then(() => mirror.location.stop());
  }

  #mayPush(mirrorId: string): boolean {
    const mirror = this.#mirrors.get(mirrorId);
    return mirror !== undefined && !mirror.paused && !mirror.location.isOpen && this.parts.mayPush();
  }

  async #work(
    mirrorId: string,
    location: LocationPushes,
    { slots, places }: { readonly slots: Slots; readonly places: Slots },
    key: string,
    retries: number,
  ): Promise<KeyState> {
    const { staging, limits, pusher, logger } = this.parts;
    const { access, bandwidth } = location;
    const mirror: MirrorAccess = {
      mirrorId,
      location,
      slots,
      context: { access, staging, bandwidth, places, partsAtOnce: limits.partsAtOnce },
      signal: this.#abort.signal,
      mayPush: () => this.#mayPush(mirrorId),
    };
    try {
      return await pusher.push(mirror, key, retries);
    } catch (error) {
      // The database, or a fault of ours: whatever was attempted is stored, and looked for.
      logger.error({ err: error, mirrorId, key }, 'a key could not be pushed');
      return { kind: 'later', afterMs: UNEXPECTED_RETRY_MS, retries: retries + 1 };
    }
  }

  #refresh(locationName: string): void {
    for (const { location } of this.#mirrors.values()) if (location.name === locationName) location.refresh();
  }
}

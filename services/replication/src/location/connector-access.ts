import type { S3Client } from '@aws-sdk/client-s3';
import type { CachedLookup, LocationCredentials } from '@mirror/config-client';
import {
  createConnectorClient,
  type EndpointGuard,
  type LocationTarget,
  locationTarget,
  type ObjectBytes,
  putBytes,
  requireVersioning,
  translateS3Error,
} from '@mirror/connector';
import { ConnectorClock } from './connector-clock.js';

export interface ConnectorAccessOptions {
  readonly credentials: CachedLookup<LocationCredentials>;
  readonly guard: EndpointGuard;
  readonly maxSockets: number;
}

interface Connected {
  readonly client: S3Client;
  readonly bucket: string;
  readonly revision: string;
  /** When versioning was last seen enabled, in monotonic milliseconds. */
  versionedAt: number;
}

/** Silence on a connection that ends a request. */
const SILENCE_MS = 30_000;
/** A push relies on what was seen at most so long ago (rule R10). */
const VERSIONING_AGE_MS = 30_000;
/** Of that, what a push may take to begin. */
const VERSIONING_MARGIN_MS = 2_000;

/** One location's connector, for pushing: its client, whether its bucket is versioned, and its clock. */
export class ConnectorAccess {
  readonly clock = new ConnectorClock();
  #connected: Connected | undefined;
  #checking: Promise<void> | undefined;

  constructor(
    private readonly location: string,
    private readonly options: ConnectorAccessOptions,
  ) {}

  /** Sends one request, or several that belong together. Throws by the error table. */
  async send<T>(request: (client: S3Client, bucket: string) => Promise<T>): Promise<T> {
    const { client, bucket } = await this.#connect();
    try {
      return await request(client, bucket);
    } catch (error) {
      throw translateS3Error(error);
    }
  }

  /** Answers the version's id. For use within `send`. */
  async putBytes(
    client: S3Client,
    bucket: string,
    object: ObjectBytes,
    signal: AbortSignal,
  ): Promise<string | undefined> {
    const { versionId, date } = await putBytes(client, bucket, object, signal);
    this.clock.see(date, performance.now());
    return versionId;
  }

  /** Versioning is seen enabled, now or at most 30 s before a push that begins at once. Throws S3.VERSIONING_… otherwise. */
  async requireVersioning(when: 'now' | 'lately'): Promise<void> {
    const connected = await this.#connect();
    const isFresh = performance.now() - connected.versionedAt < VERSIONING_AGE_MS - VERSIONING_MARGIN_MS;
    if (when === 'lately' && isFresh) return;
    if (when === 'now') return this.#check(connected);
    this.#checking ??= this.#check(connected).finally(() => {
      this.#checking = undefined;
    });
    await this.#checking;
  }

  /**
   * The connector answers, and the bucket is there and versioned: by credentials fetched anew. Answers whether these are
   * others than before. Throws what is wrong.
   */
  async probe(): Promise<{ readonly changed: boolean }> {
    const before = this.#connected?.revision;
    this.options.credentials.forget(this.location);
    const connected = await this.#connect();
    await this.#check(connected);
    return { changed: before !== undefined && before !== connected.revision };
  }

  /** The location was changed: the next request asks for its credentials. What runs goes on. */
  refresh(): void {
    this.options.credentials.forget(this.location);
  }

  /** Cuts what runs. */
  close(): void {
    this.#connected?.client.destroy();
    this.#connected = undefined;
  }

  /** Seen at the moment of asking: an answer that was long under way is no younger than its question. */
  async #check(connected: Connected): Promise<void> {
    const askedAt = performance.now();
    await requireVersioning(connected.client, connected.bucket);
    connected.versionedAt = askedAt;
  }

  async #connect(): Promise<Connected> {
    const target = locationTarget(this.location, await this.options.credentials.get(this.location));
    if (this.#connected?.revision === target.revision) return this.#connected;
    // The old client's requests are left to end: closing it would make their outcome unknown.
    this.#connected = this.#open(target);
    return this.#connected;
  }

  #open(target: LocationTarget): Connected {
    const { guard, maxSockets } = this.options;
    const client = createConnectorClient(target, {
      guard,
      maxSockets,
      requestTimeoutMs: SILENCE_MS,
      largeBodies: true,
    });
    client.middlewareStack.add(
      (next) => async (args) => {
        const result = await next(args);
        this.clock.see(dateOf(result.response), performance.now());
        return result;
      },
      { name: 'connectorClock', step: 'deserialize', priority: 'low' },
    );
    const { bucket, revision } = target;
    return { client, bucket, revision, versionedAt: Number.NEGATIVE_INFINITY };
  }
}

function dateOf(response: unknown): string | undefined {
  const headers = (response as { readonly headers?: Readonly<Record<string, string>> } | undefined)?.headers;
  return headers?.date;
}

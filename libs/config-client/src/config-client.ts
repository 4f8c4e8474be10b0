import { LOGICAL_TIME_PATTERN } from '@mirror/events';
import { TransientError } from '@mirror/runtime';
import { z } from 'zod';

/** A client of this S3 endpoint. */
const accessKey = z.object({
  id: z.string(),
  secretAccessKey: z.string().min(1),
  role: z.enum(['reader', 'writer']),
  buckets: z.union([z.literal('*'), z.array(z.string())]),
});
export type AccessKey = z.infer<typeof accessKey>;

/** How to reach a location's connector. `endpoint` is a completed URL. */
const locationCredentials = z.object({
  name: z.string(),
  endpoint: z.url(),
  region: z.string(),
  bucketName: z.string(),
  accessKey: z.string(),
  secretKey: z.string(),
  revision: z.string().regex(LOGICAL_TIME_PATTERN),
});
export type LocationCredentials = z.infer<typeof locationCredentials>;

/** A bucket in Mirror mode, as the REST API shows it. */
const mirroredBucket = z.object({
  name: z.string(),
  locationConstraint: z.string(),
  location: z.string(),
  mirrorId: z.string(),
  createdAt: z.iso.datetime(),
});
export type MirroredBucket = z.infer<typeof mirroredBucket>;

const refusal = z.object({ status: z.number().int(), code: z.string(), detail: z.string(), hint: z.string() });

/** Problem details of the config service: `code` is stable ('BUCKET.EXISTS'). */
export type ConfigRefusal = { readonly kind: 'refused' } & Readonly<z.infer<typeof refusal>>;

export type BucketCreation = { readonly kind: 'created'; readonly bucket: MirroredBucket } | ConfigRefusal;
export type BucketDetach = { readonly kind: 'detached' } | ConfigRefusal;

const TIMEOUT_MS = 5_000;
/** A detach asks the replication service as well. */
const CHANGE_TIMEOUT_MS = 15_000;

/** Asks the config service for what may be in no event. TransientError CONFIG.UNAVAILABLE when it does not answer. */
export class ConfigClient {
  constructor(
    private readonly baseUrl: string,
    private readonly serviceToken: string,
  ) {}

  /** Null: there is no such key. */
  accessKey(id: string): Promise<AccessKey | null> {
    return this.#ask(`/internal/v1/access-keys/${encodeURIComponent(id)}`, accessKey);
  }

  /** Null: there is no such location. */
  locationCredentials(name: string): Promise<LocationCredentials | null> {
    return this.#ask(`/internal/v1/locations/${encodeURIComponent(name)}/credentials`, locationCredentials);
  }

  /** Makes a bucket in Mirror mode. @param locationConstraint 'NAME:ingest'. */
  async createBucket(name: string, locationConstraint: string): Promise<BucketCreation> {
    const changed = await this.#change('POST', '/internal/v1/buckets', { name, locationConstraint });
    return changed.kind === 'refused' ? changed : { kind: 'created', bucket: parse(mirroredBucket, changed.body) };
  }

  /** Detaches a bucket: no object at the connector is touched. Refused with BUCKET.UPLOADS_WAITING while uploads wait. */
  async detachBucket(name: string): Promise<BucketDetach> {
    const changed = await this.#change('DELETE', `/internal/v1/buckets/${encodeURIComponent(name)}`);
    return changed.kind === 'refused' ? changed : { kind: 'detached' };
  }

  async #ask<T>(path: string, answer: z.ZodType<T>): Promise<T | null> {
    const { status, body } = await this.#fetch(path, { signal: AbortSignal.timeout(TIMEOUT_MS) });
    if (status === 404) return null;
    if (status >= 400) throw unavailable(new Error(`it answered ${status}`));
    return parse(answer, body);
  }

  async #change(
    method: string,
    path: string,
    sent?: object,
  ): Promise<{ kind: 'changed'; body: unknown } | ConfigRefusal> {
    const { status, body } = await this.#fetch(path, {
      method,
      ...(sent && { body: JSON.stringify(sent) }),
      signal: AbortSignal.timeout(CHANGE_TIMEOUT_MS),
    });
    if (status < 400) return { kind: 'changed', body };
    if (status >= 500 || status === 401) throw unavailable(new Error(`it answered ${status}`));
    return { kind: 'refused', ...parse(refusal, body) };
  }

  /** The body is undefined where there is none. */
  async #fetch(path: string, init: RequestInit): Promise<{ status: number; body: unknown }> {
    const headers = {
      authorization: `Bearer ${this.serviceToken}`,
      ...(init.body !== undefined && { 'content-type': 'application/json' }),
    };
    try {
      const response = await fetch(new URL(path, this.baseUrl), { ...init, headers, redirect: 'error' });
      const text = await response.text();
      return { status: response.status, body: text === '' ? undefined : JSON.parse(text) };
    } catch (error) {
      throw unavailable(error);
    }
  }
}

function parse<T>(schema: z.ZodType<T>, body: unknown): T {
  const result = schema.safeParse(body);
  if (result.success) return result.data;
  throw unavailable(result.error);
}

const unavailable = (cause: unknown): TransientError =>
  new TransientError('The config service does not answer as it should', {
    code: 'CONFIG.UNAVAILABLE',
    hint: 'Check CONFIG_URL and SERVICE_TOKEN, and that the config service is ready.',
    cause,
  });

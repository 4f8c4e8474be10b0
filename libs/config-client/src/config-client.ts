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

const TIMEOUT_MS = 5_000;

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

  async #ask<T>(path: string, answer: z.ZodType<T>): Promise<T | null> {
    try {
      const response = await fetch(new URL(path, this.baseUrl), {
        headers: { authorization: `Bearer ${this.serviceToken}` },
        redirect: 'error',
        signal: AbortSignal.timeout(TIMEOUT_MS),
      });
      const body: unknown = await response.json();
      if (response.status === 404) return null;
      if (!response.ok) throw new Error(`it answered ${response.status}`);
      return answer.parse(body);
    } catch (error) {
      throw new TransientError('The config service does not answer as it should', {
        code: 'CONFIG.UNAVAILABLE',
        hint: 'Check CONFIG_URL and SERVICE_TOKEN, and that the config service is ready.',
        cause: error,
      });
    }
  }
}

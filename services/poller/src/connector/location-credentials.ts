import type { ConnectorTarget } from '@mirror/connector';
import { TransientError } from '@mirror/runtime';
import { z } from 'zod';

const answer = z.object({
  endpoint: z.url(),
  region: z.string(),
  bucketName: z.string(),
  accessKey: z.string(),
  secretKey: z.string(),
});

const CACHE_MS = 30_000;
const TIMEOUT_MS = 5_000;

/** Credentials of locations, from config's internal API: they are in no event (I8). Kept for at most 30 s. */
export class LocationCredentials {
  private readonly cache = new Map<string, { readonly target: ConnectorTarget; readonly until: number }>();

  constructor(
    private readonly configUrl: string,
    private readonly serviceToken: string,
  ) {}

  async read(location: string): Promise<ConnectorTarget> {
    const cached = this.cache.get(location);
    if (cached && cached.until > Date.now()) return cached.target;
    const target = await this.fetch(location);
    this.cache.set(location, { target, until: Date.now() + CACHE_MS });
    return target;
  }

  forget(location: string): void {
    this.cache.delete(location);
  }

  private async fetch(location: string): Promise<ConnectorTarget> {
    const url = `${this.configUrl}/internal/v1/locations/${encodeURIComponent(location)}/credentials`;
    try {
      const response = await fetch(url, {
        headers: { authorization: `Bearer ${this.serviceToken}` },
        signal: AbortSignal.timeout(TIMEOUT_MS),
      });
      if (!response.ok) throw new Error(`config answered ${response.status}`);
      const { endpoint, region, bucketName, accessKey, secretKey } = answer.parse(await response.json());
      return { endpoint, region, bucket: bucketName, accessKeyId: accessKey, secretAccessKey: secretKey };
    } catch (cause) {
      throw new TransientError(`The credentials of location ${location} cannot be read from the config service`, {
        code: 'CONFIG.UNAVAILABLE',
        hint: 'Is the config service up, and SERVICE_TOKEN the same in both?',
        cause,
      });
    }
  }
}

import { setTimeout as sleep } from 'node:timers/promises';
import type { ConfigApi, MirrorStatus } from './config-api.js';
import type { Connector } from './put-sample.js';
import type { Report } from './servers/install-cache.js';

/** The sample's location and bucket. */
export const sampleLocation = 'ring-sample';
export const sampleBucket = 'photos';

/** What is mirrored: a bucket of the connector under its own name, by a location of that name. */
export interface Mirrored {
  location: string;
  connector: Connector;
}

interface Location {
  details: { endpoint: string };
}

interface AccessKey {
  accessKeyId: string;
  secretAccessKey: string;
}

const lookEveryMs = 1000;

/**
 * Adds the location and the mirrored bucket, each unless it is there from an earlier start, and answers the connector's
 * endpoint as completed. A location that is there is told what may have changed since, and checked again.
 */
export async function mirrorBucket(api: ConfigApi, mirrored: Mirrored, report: Report): Promise<string> {
  const { location: name, connector } = mirrored;
  const path = `/v1/locations/${name}`;
  const isThere = (await api.get<Location>(path)) !== null;
  const { bucketName: _bucketName, bucketMatch: _bucketMatch, ...changeable } = detailsOf(connector);
  const location = isThere
    ? await api.patch<Location>(path, { details: changeable })
    : await api.post<Location>('/v1/locations', locationOf(mirrored));
  const { endpoint } = location.details;
  report(`Location ${name} ${isThere ? 'is' : 'added'} at ${endpoint}, all its prerequisites checked`);
  if ((await api.get(`/v1/buckets/${connector.bucket}`)) !== null) return endpoint;
  await api.post('/v1/buckets', { name: connector.bucket, locationConstraint: `${name}:ingest` });
  report(`Bucket ${connector.bucket} created in Mirror mode on ${name}`);
  return endpoint;
}

/** Shows the snapshot's progress once a second until the mirror is live. */
export async function followSnapshot(
  api: ConfigApi,
  bucket: string,
  report: Report,
  isStopping: () => boolean,
): Promise<void> {
  let last = '';
  while (!isStopping()) {
    const status = await api.get<MirrorStatus>(`/v1/buckets/${bucket}/status`);
    const line = sayStatus(bucket, status);
    if (line !== last) report(line);
    last = line;
    if (status?.state === 'live') return;
    await sleep(lookEveryMs);
  }
}

/** Answers the keys of the gateway that were kept from an earlier start, if they are still good, and new ones if not. */
export async function accessKeyFor(api: ConfigApi, kept: Partial<AccessKey> | null): Promise<AccessKey> {
  const { accessKeyId, secretAccessKey } = kept ?? {};
  if (accessKeyId !== undefined && secretAccessKey !== undefined && (await isKnown(api, accessKeyId))) {
    return { accessKeyId, secretAccessKey };
  }
  const body = { role: 'writer', buckets: '*', description: 'The local stack' };
  const made = await api.post<{ id: string; secretAccessKey: string }>('/v1/access-keys', body);
  return { accessKeyId: made.id, secretAccessKey: made.secretAccessKey };
}

async function isKnown(api: ConfigApi, accessKeyId: string): Promise<boolean> {
  const page = await api.get<{ items: Array<{ id: string }> }>('/v1/access-keys?limit=1000');
  return page?.items.some(({ id }) => id === accessKeyId) ?? false;
}

function locationOf({ location, connector }: Mirrored) {
  return { name: location, locationType: 'location-scality-ring-s3-v1', details: detailsOf(connector) };
}

function detailsOf({ endpoint, bucket, accessKeyId, secretAccessKey, region }: Connector) {
  const keys = { accessKey: accessKeyId, secretKey: secretAccessKey };
  return { endpoint, bucketName: bucket, ...keys, bucketMatch: true, region };
}

function sayStatus(bucket: string, status: MirrorStatus | null): string {
  if (status === null) return 'The mirror has no status yet';
  const mirrored = status.versions?.mirrored ?? 'unknown';
  const rate = status.snapshot?.versionsPerSecond;
  if (status.state === 'live') return `Mirror ${bucket}: live, ${mirrored} versions mirrored`;
  const speed = rate === null || rate === undefined ? '' : `, ${Math.round(rate)} a second`;
  const error = status.lastError === null || status.lastError === undefined ? '' : `; ${status.lastError.detail}`;
  return `Mirror ${bucket}: ${status.state}, ${mirrored} versions mirrored${speed}${error}`;
}

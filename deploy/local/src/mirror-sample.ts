import { setTimeout as sleep } from 'node:timers/promises';
import type { ConfigApi, MirrorStatus } from './config-api.js';
import type { Connector } from './put-sample.js';
import type { Report } from './servers/install-cache.js';

export const locationName = 'ring-sample';
export const mirroredBucket = 'photos';

interface Location {
  details: { endpoint: string };
}

interface AccessKey {
  accessKeyId: string;
  secretAccessKey: string;
}

const lookEveryMs = 1000;

/** Adds the location and the mirrored bucket, each unless it is there from an earlier start. */
export async function mirrorSample(api: ConfigApi, connector: Connector, report: Report): Promise<void> {
  const path = `/v1/locations/${locationName}`;
  const location = await api.get<Location>(path);
  if (location === null) {
    await api.post('/v1/locations', locationOf(connector));
    report(`Location ${locationName} added, all its prerequisites checked`);
  } else if (location.details.endpoint !== connector.endpoint) {
    await api.patch(path, { details: { endpoint: connector.endpoint } });
    report(`Location ${locationName} now at ${connector.endpoint}`);
  }
  if ((await api.get(`/v1/buckets/${mirroredBucket}`)) !== null) return;
  await api.post('/v1/buckets', { name: mirroredBucket, locationConstraint: `${locationName}:ingest` });
  report(`Bucket ${mirroredBucket} created in Mirror mode on ${locationName}`);
}

/** Shows the snapshot's progress once a second until the mirror is live. */
export async function followSnapshot(api: ConfigApi, report: Report, isStopping: () => boolean): Promise<void> {
  let last = '';
  while (!isStopping()) {
    const status = await api.get<MirrorStatus>(`/v1/buckets/${mirroredBucket}/status`);
    const line = sayStatus(status);
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

function locationOf({ endpoint, bucket, accessKeyId, secretAccessKey, region }: Connector) {
  return {
    name: locationName,
    locationType: 'location-scality-ring-s3-v1',
    details: {
      endpoint,
      bucketName: bucket,
      accessKey: accessKeyId,
      secretKey: secretAccessKey,
      bucketMatch: true,
      region,
    },
  };
}

function sayStatus(status: MirrorStatus | null): string {
  if (status === null) return 'The mirror has no status yet';
  const mirrored = status.versions?.mirrored ?? 'unknown';
  const rate = status.snapshot?.versionsPerSecond;
  if (status.state === 'live') return `Mirror ${mirroredBucket}: live, ${mirrored} versions mirrored`;
  const speed = rate === null || rate === undefined ? '' : `, ${Math.round(rate)} a second`;
  const error = status.lastError === null || status.lastError === undefined ? '' : `; ${status.lastError.detail}`;
  return `Mirror ${mirroredBucket}: ${status.state}, ${mirrored} versions mirrored${speed}${error}`;
}

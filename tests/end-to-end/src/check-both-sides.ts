import { createHash } from 'node:crypto';
import { ListObjectVersionsCommand, type S3Client } from '@aws-sdk/client-s3';
import type { Answered } from './both-sides.js';
import { type HistoryEntry, listHistory } from './list-history.js';

export interface BothSidesCheck {
  readonly bucket: string;
  readonly direct: S3Client;
  readonly gateway: S3Client;
  /** What each was answered, in the order of each key. */
  readonly atConnector: readonly Answered[];
  readonly atGateway: readonly Answered[];
}

/**
 * Looks at the connector itself: every put of both sides is there exactly once, at every delete a delete marker stands, the
 * writes of one side and key are in their order, and there is nothing else. Throws with all that is wrong. Two deletes in a
 * row may have one marker: some endpoints hide a hidden object no further.
 */
export async function checkBothSides(check: BothSidesCheck): Promise<void> {
  const { atConnector, atGateway, bucket, direct, gateway } = check;
  const faults: string[] = [];
  const history = await listHistory(direct, bucket);
  const claimed = new Set<HistoryEntry>();
  for (const [side, answered] of Object.entries({ connector: atConnector, gateway: atGateway })) {
    for (const [key, writes] of Map.groupBy(answered, (write) => write.key)) {
      const entries = history.get(key)?.toReversed() ?? []; // oldest first
      let before = -1;
      for (const write of writes) {
        const at =
          side === 'gateway'
            ? await placeByGateway(gateway, bucket, write, entries)
            : entries.findIndex(({ versionId }) => versionId === write.versionId);
        const entry = entries[at];
        if (entry === undefined || nameOf(entry) !== nameOf(write)) faults.push(`${write.name} of ${key} is not there`);
        else if (at < before || (at === before && write.kind === 'put'))
          faults.push(`${write.name} of ${key} is too early`);
        else if (write.kind === 'put' && claimed.has(entry))
          faults.push(`${write.name} of ${key} is another's version`);
        else claimed.add(entry);
        before = at;
      }
    }
  }
  const strangers = [...history.values()].flat().filter((entry) => !claimed.has(entry));
  for (const { key, kind, versionId } of strangers) faults.push(`${key} has a ${kind} ${versionId} that nobody made`);
  if (faults.length > 0) throw new Error(`${faults.length} faults\n${faults.slice(0, 30).join('\n')}`);
}

/** The id that the client was given is a marker of listings: what it names stands before what is listed behind it. */
async function placeByGateway(
  gateway: S3Client,
  Bucket: string,
  { key, versionId: VersionIdMarker }: Answered,
  entries: readonly HistoryEntry[],
): Promise<number> {
  const page = { Bucket, Prefix: key, KeyMarker: key, VersionIdMarker, MaxKeys: 1 };
  const { Versions = [], DeleteMarkers = [] } = await gateway.send(new ListObjectVersionsCommand(page));
  const [next] = [...Versions, ...DeleteMarkers];
  return next ? entries.findIndex(({ versionId }) => versionId === next.VersionId) + 1 : 0;
}

const md5 = (text: string): string => createHash('md5').update(text).digest('hex');

/** The same for a write and for what it made. */
function nameOf(one: Answered | HistoryEntry): string {
  if ('etag' in one) return one.kind === 'version' ? one.etag : 'marker';
  return one.kind === 'put' ? md5(one.name) : 'marker';
}

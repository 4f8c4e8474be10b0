import type { VersionDescription } from '@mirror/connector';
import type { LogicalTime, ObjectDescription } from '@mirror/events';

/** Reads what HEAD and tagging tell of a version; null: it is gone. */
export type DescribeVersion = (key: string, versionId: string) => Promise<VersionDescription | null>;

export interface ToDescribe {
  readonly key: string;
  readonly versionId: string;
  readonly etag: string;
}

const CONCURRENT_HEADS = 8;

export interface Descriptions {
  /** By `versionId/key`. */
  readonly described: ReadonlyMap<string, ObjectDescription>;
  /** The last error; null: every request was answered. One version that cannot be described stops no other. */
  readonly failure: unknown;
}

/**
 * Describes versions, some at a time. The result holds those that still are what the listing said: an answer with another
 * ETag belongs to another object, and is left to the next listing.
 */
export async function describeVersions(
  describe: DescribeVersion,
  versions: readonly ToDescribe[],
  readClock: () => Promise<LogicalTime>,
): Promise<Descriptions> {
  const described = new Map<string, ObjectDescription>();
  if (versions.length === 0) return { described, failure: null };
  let failure: unknown = null;
  const describedFrom = await readClock();
  const answers = new Map<string, VersionDescription>();
  const queue = [...versions];
  const work = async (): Promise<void> => {
    for (let version = queue.shift(); version; version = queue.shift()) {
      const answer = await describe(version.key, version.versionId).catch((error: unknown) => {
        failure = error;
        return null;
      });
      if (answer?.etag === version.etag) answers.set(`${version.versionId}/${version.key}`, answer);
    }
  };
  await Promise.all(Array.from({ length: Math.min(CONCURRENT_HEADS, versions.length) }, work));
  const describedAt = await readClock();
  for (const [identity, { contentType, headers, metadata, tags }] of answers) {
    described.set(identity, { contentType, headers, metadata, tags, describedFrom, describedAt });
  }
  return { described, failure };
}

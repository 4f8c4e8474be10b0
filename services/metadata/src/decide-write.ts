import type { ObjectChanged, ObjectDescription } from '@mirror/events';
import { type DescriptionWrite, type NamedValues, secondsOf, toTimestamp, type VersionWrite } from '@mirror/namespace';

export type Decision =
  | { readonly kind: 'write'; readonly write: VersionWrite }
  /** Its tombstones may be gone: applying it could bring a removed version back (rule R7). */
  | { readonly kind: 'refused'; readonly code: string; readonly reason: string };

/** What one event means for its document. `nowSeconds` is of the replica set's clock; `tombstoneSeconds` its tombstones' life. */
export function decideWrite(change: ObjectChanged, nowSeconds: number, tombstoneSeconds: number): Decision {
  // A description says something of its own time about a version that was listed long ago.
  const observedAt = Math.max(secondsOf(change.endedAt), secondsOf(change.description?.describedAt ?? '0'));
  const age = nowSeconds - observedAt;
  if (age > tombstoneSeconds) {
    const reason = `the change was observed ${age} s ago, and tombstones live ${tombstoneSeconds} s`;
    return { kind: 'refused', code: 'CHANGE.TOO_OLD', reason };
  }
  return { kind: 'write', write: toWrite(change) };
}

function toWrite(change: ObjectChanged): VersionWrite {
  const id = { k: change.key, v: change.versionId };
  const observed = { startedAt: toTimestamp(change.startedAt), endedAt: toTimestamp(change.endedAt) };
  if (change.description && isDescriptionOnly(change)) {
    return { kind: 'describe', id, etag: change.etag, described: toDescriptionWrite(change.description) };
  }
  const { place, size, etag, storageClass } = change;
  const lastModified = new Date(change.lastModified);
  if (change.kind === 'removal') {
    return { kind: 'remove', id, observed, facts: { kind: 'version', place, size, etag, storageClass, lastModified } };
  }
  const described = change.description ? toDescriptionWrite(change.description) : null;
  return {
    kind: 'put',
    id,
    observed,
    described,
    facts: { kind: change.kind, place, size, etag, storageClass, lastModified },
  };
}

/** A listing takes time; an event whose interval is a moment repeats a document's own stamp, and tells of its description. */
const isDescriptionOnly = ({ startedAt, endedAt }: ObjectChanged): boolean => startedAt === endedAt;

function toDescriptionWrite({ contentType, headers, metadata, tags, ...stamps }: ObjectDescription): DescriptionWrite {
  return {
    description: { contentType, headers: toPairs(headers), metadata: toPairs(metadata), tags: toPairs(tags) },
    describedFrom: toTimestamp(stamps.describedFrom),
    describedAt: toTimestamp(stamps.describedAt),
  };
}

const toPairs = (record: Readonly<Record<string, string>>): NamedValues => Object.entries(record);

/**
 * Splits a batch into rounds in which each version appears once, the order of each version's writes kept: a round is one
 * unordered bulk write, and rule R1's filter judges every write against what the one before it left.
 */
export function intoRounds(writes: readonly VersionWrite[]): VersionWrite[][] {
  const rounds: VersionWrite[][] = [];
  const seen = new Map<string, number>();
  for (const write of writes) {
    const identity = `${write.id.v}/${write.id.k}`;
    const round = seen.get(identity) ?? 0;
    seen.set(identity, round + 1);
    const members = rounds[round];
    if (members) members.push(write);
    else rounds.push([write]);
  }
  return rounds;
}

import { keyStyles } from './key-styles.js';
import { seededRandom } from './seeded-random.js';

/** What a generated bucket looks like. The same shape gives the same keys, bodies and order of writes. */
export interface BucketShape {
  readonly seed: number;
  /** Versions and delete markers in all. */
  readonly versions: number;
  /** Versions of one key, beyond a page of 1,000. */
  readonly hotKeyVersions: number;
  /** Objects that are written before versioning is enabled. */
  readonly nullVersions: number;
  /** Objects uploaded in parts, each with one small part, so that its ETag ends in `-1`. */
  readonly multiparts: number;
  /** Share of the versions with user metadata, content headers and tags. */
  readonly describedShare: number;
  /** Emoji beside keys in U+E000 to U+FFFF, whose order differs between UTF-8 and UTF-16. */
  readonly astralKeys: boolean;
  /** A second folder whose name begins as another's does. */
  readonly alikeFolders: boolean;
  /** `//`, a leading `/`, `.` and `..`: S3 Connector takes them, MinIO answers 400. */
  readonly keysMinioRefuses: boolean;
}

export const standardShape: BucketShape = {
  seed: 1,
  versions: 20_000,
  hotKeyVersions: 1_200,
  nullVersions: 300,
  multiparts: 10,
  describedShare: 0.02,
  astralKeys: false,
  alikeFolders: false,
  keysMinioRefuses: false,
};

/** `serial` differs between all puts of a plan: bodies are made from it. */
export type PlannedWrite =
  | { readonly kind: 'put'; readonly serial: number; readonly size: number; readonly described: boolean }
  | { readonly kind: 'multipart'; readonly serial: number; readonly size: number }
  | { readonly kind: 'delete' };

/** The writes of one key, oldest first: they go one after the other. */
export interface PlannedKey {
  readonly key: string;
  readonly writes: readonly PlannedWrite[];
  /** The first write comes before versioning is enabled. */
  readonly startsUnversioned: boolean;
}

const overwrittenShare = 0.2;
const deletedShare = 0.05;
const maxBodyBytes = 300;
/** MinIO keeps small bodies with the key's versions, and writes all of these anew at each put. */
const maxHotBodyBytes = 10;

/** The keys with their writes; exactly `shape.versions` writes in all. */
export function planBucket(shape: BucketShape): PlannedKey[] {
  const random = seededRandom(shape.seed);
  const styles = keyStyles(shape);
  let serial = 0;
  const put = () => plannedPut(shape, random, serial++, maxBodyBytes);
  const hotPut = () => plannedPut(shape, random, serial++, maxHotBodyBytes);
  const hotWrites = Array.from({ length: Math.min(shape.hotKeyVersions, shape.versions) }, hotPut);
  // First, for its writes wait for one another and take the longest.
  const plan: PlannedKey[] = [{ key: 'hot/one key, many versions.txt', writes: hotWrites, startsUnversioned: false }];
  let left = shape.versions - hotWrites.length;
  for (let index = 0; left > 0; index += 1) {
    const style = styles[index % styles.length];
    if (style === undefined) throw new Error('no key styles');
    const first: PlannedWrite = index < shape.multiparts ? { ...put(), kind: 'multipart', size: 1 + index } : put();
    const writes = [first, ...laterWrites(put, random)].slice(0, left);
    const unversioned = index >= shape.multiparts && index < shape.multiparts + shape.nullVersions;
    plan.push({ key: style(index, random), writes, startsUnversioned: unversioned });
    left -= writes.length;
  }
  return plan;
}

/** A fifth of the keys is overwritten, once to three times; a twentieth deleted, some of these put again. */
function laterWrites(put: () => PlannedPut, random: () => number): PlannedWrite[] {
  const writes: PlannedWrite[] = [];
  if (random() < overwrittenShare) writes.push(...Array.from({ length: 1 + Math.floor(random() * 3) }, put));
  if (random() < deletedShare) writes.push({ kind: 'delete' }, ...(random() < 0.2 ? [put()] : []));
  return writes;
}

type PlannedPut = Extract<PlannedWrite, { kind: 'put' }>;

function plannedPut(shape: BucketShape, random: () => number, serial: number, maxBytes: number): PlannedPut {
  const empty = random() < 0.01;
  const size = empty ? 0 : 1 + Math.floor(random() * maxBytes);
  return { kind: 'put', serial, size, described: random() < shape.describedShare };
}

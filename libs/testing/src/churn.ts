import { setTimeout as sleep } from 'node:timers/promises';
import {
  DeleteObjectCommand,
  ListObjectVersionsCommand,
  PutObjectCommand,
  PutObjectTaggingCommand,
  type S3Client,
} from '@aws-sdk/client-s3';
import { seededRandom } from './seeded-random.js';

export type ChangeKind = 'put' | 'overwrite' | 'deleteMarker' | 'versionRemoval' | 'tagging';

/** A change that the connector has acknowledged. */
export interface MadeChange {
  readonly kind: ChangeKind;
  readonly key: string;
  /** Of the version made, removed or tagged; `null` is a version id, too. */
  readonly versionId: string;
  /** When the answer came, in milliseconds since 1970 by this process's clock. */
  readonly atMs: number;
}

export interface ChurnOptions {
  readonly seed: number;
  readonly changesPerSecond: number;
  readonly seconds: number;
  /** Begin of the new keys; "churn/" when none is given. */
  readonly prefix?: string;
  readonly onChange?: (change: MadeChange) => void;
}

export interface Churned {
  readonly changes: readonly MadeChange[];
  readonly seconds: number;
}

const shares: [ChangeKind, number][] = [
  ['put', 0.3],
  ['overwrite', 0.3],
  ['deleteMarker', 0.15],
  ['versionRemoval', 0.15],
  ['tagging', 0.1],
];
/** Changes under way at once; a connector that is slower than the rate makes the churn late, never wider. */
const maxInFlight = 32;

/**
 * Changes a bucket at a steady rate, spread over all of its keys: what its first pages list, and what it made itself. Two
 * changes of one key may be under way at once, as with the users of a real bucket. Fails with the first that fails.
 */
export async function churn(s3: S3Client, bucket: string, options: ChurnOptions): Promise<Churned> {
  const { changesPerSecond, seconds, seed, prefix = 'churn/' } = options;
  const known = await readKnown(s3, bucket);
  const changer = new Changer(s3, bucket, known, seededRandom(seed), prefix);
  const changes: MadeChange[] = [];
  const underWay = new Set<Promise<void>>();
  const startedAt = performance.now();
  for (let n = 0; n < changesPerSecond * seconds; n += 1) {
    const dueMs = (n * 1000) / changesPerSecond;
    await sleep(Math.max(0, startedAt + dueMs - performance.now()));
    while (underWay.size >= maxInFlight) await Promise.race(underWay);
    const change = changer.change().then((made) => {
      underWay.delete(change);
      if (made === null) return;
      changes.push(made);
      options.onChange?.(made);
    });
    change.catch(() => {}); // awaited below, or in the race
    underWay.add(change);
  }
  await Promise.all(underWay);
  return { changes, seconds: (performance.now() - startedAt) / 1000 };
}

interface Version {
  readonly key: string;
  readonly versionId: string;
}

const maxKnown = 20_000;

/** The versions that may be overwritten, removed and tagged. Delete markers may only be removed, so they are left alone. */
async function readKnown(s3: S3Client, bucket: string): Promise<Version[]> {
  const known: Version[] = [];
  let next: { KeyMarker?: string; VersionIdMarker?: string } | undefined = {};
  while (next && known.length < maxKnown) {
    const command: ListObjectVersionsCommand = new ListObjectVersionsCommand({ Bucket: bucket, ...next });
    const page = await s3.send(command);
    for (const { Key, VersionId } of page.Versions ?? []) {
      if (Key !== undefined && VersionId !== undefined) known.push({ key: Key, versionId: VersionId });
    }
    const { NextKeyMarker, NextVersionIdMarker } = page;
    next = page.IsTruncated ? { KeyMarker: NextKeyMarker, VersionIdMarker: NextVersionIdMarker } : undefined;
  }
  return known;
}

class Changer {
  #serial = 0;

  constructor(
    private readonly s3: S3Client,
    private readonly bucket: string,
    /** Without the versions that were removed: each is removed once. */
    private readonly known: Version[],
    private readonly random: () => number,
    private readonly prefix: string,
  ) {}

  /**
   * What is changed is drawn at once, so that the sequence depends on the seed and little on the answers' order. Null when
   * a removal under way came first and left nothing to delete or tag.
   */
  change(): Promise<MadeChange | null> {
    const serial = this.#serial++;
    const kind = this.#drawKind();
    const place = Math.floor(this.random() * this.known.length);
    const target = this.known[place];
    if (kind === 'put' || target === undefined)
      return this.#put('put', `${this.prefix}${serial % 10}/new ${serial}.txt`, serial);
    switch (kind) {
      case 'overwrite':
        return this.#put(kind, target.key, serial);
      case 'deleteMarker':
        return this.#delete(target.key);
      case 'versionRemoval':
        this.known.splice(place, 1);
        return this.#remove(target);
      case 'tagging':
        return this.#tag(target, serial);
      default:
        return kind satisfies never;
    }
  }

  #drawKind(): ChangeKind {
    let left = this.random();
    for (const [kind, share] of shares) {
      left -= share;
      if (left < 0) return kind;
    }
    return 'put';
  }

  async #put(kind: 'put' | 'overwrite', key: string, serial: number): Promise<MadeChange> {
    const Body = Buffer.alloc(serial % 200, `${serial} `);
    const { VersionId = 'null' } = await this.s3.send(new PutObjectCommand({ Bucket: this.bucket, Key: key, Body }));
    const version = { key, versionId: VersionId };
    this.known.push(version);
    return made(kind, version);
  }

  async #delete(key: string): Promise<MadeChange | null> {
    const { VersionId } = await this.s3.send(new DeleteObjectCommand({ Bucket: this.bucket, Key: key }));
    return VersionId === undefined ? null : made('deleteMarker', { key, versionId: VersionId });
  }

  async #remove({ key, versionId }: Version): Promise<MadeChange> {
    await this.s3.send(new DeleteObjectCommand({ Bucket: this.bucket, Key: key, VersionId: versionId }));
    return made('versionRemoval', { key, versionId });
  }

  async #tag({ key, versionId }: Version, serial: number): Promise<MadeChange | null> {
    const Tagging = { TagSet: [{ Key: 'churned', Value: String(serial) }] };
    try {
      const target = { Bucket: this.bucket, Key: key, VersionId: versionId };
      await this.s3.send(new PutObjectTaggingCommand({ ...target, Tagging }));
      return made('tagging', { key, versionId });
    } catch (error) {
      if (error instanceof Error && ['NoSuchKey', 'NoSuchVersion'].includes(error.name)) return null;
      throw error;
    }
  }
}

function made(kind: ChangeKind, { key, versionId }: Version): MadeChange {
  return { kind, key, versionId, atMs: Date.now() };
}

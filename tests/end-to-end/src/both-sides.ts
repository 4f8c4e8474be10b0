import { setTimeout as sleep } from 'node:timers/promises';
import { CreateBucketCommand, DeleteObjectCommand, PutObjectCommand, type S3Client } from '@aws-sdk/client-s3';
import { type ConnectorAddress, freshName, seededRandom, setVersioning } from '@mirror/testing';
import { checkBothSides } from './check-both-sides.js';
import { waitUntilDeeplyEqual } from './compare.js';
import { waitUntilPushed } from './settle-uploads.js';
import { type System, s3Client } from './system.js';

export interface BothSidesJob {
  /** Of writing. */
  readonly seconds: number;
  /** Of each side. */
  readonly writesPerSecond: number;
  /** That both of them write. */
  readonly keys: number;
  readonly report: (line: string) => void;
}

export interface BothSidesFigures {
  readonly puts: number;
  readonly deletes: number;
  /** From the last answer to the last push, and to two equal sides. */
  readonly pushedSeconds: number;
  readonly equalSeconds: number;
}

/** A write that was answered 2xx. The bytes of a put are its name. */
export interface Answered {
  readonly key: string;
  readonly name: string;
  readonly kind: 'put' | 'delete';
  /** As that side answered. */
  readonly versionId: string;
}

/**
 * A client at the gateway and one at the connector put, overwrite and delete the same keys at the same time. Throws unless
 * every answered write is at the connector exactly once, those of one side and key in their order, and both sides are equal.
 */
export async function runBothSides(
  system: System,
  address: ConnectorAddress,
  job: BothSidesJob,
): Promise<BothSidesFigures> {
  const connector = { ...address, bucket: freshName('both-sides') };
  const direct = s3Client(connector, 1);
  await direct.send(new CreateBucketCommand({ Bucket: connector.bucket }));
  await setVersioning(direct, connector.bucket, 'Enabled');
  // Endpoints make no marker of a key that never was: each of them is there from the begin.
  const first = new Writer('first', direct, connector.bucket, job);
  for (let n = 0; n < job.keys; n += 1) await first.write(keyOf(n), 'put');
  await system.mirror(connector.bucket, connector);
  await system.waitUntilLive(connector.bucket);
  const mirror = await system.gatewayAccess(connector.bucket, 'writer');
  const gateway = s3Client(mirror, 1);
  const writers = [
    new Writer('gateway', gateway, mirror.bucket, job),
    new Writer('connector', direct, mirror.bucket, job),
  ] as const;
  await Promise.all(writers.map((writer, seed) => writer.writeAll(seed)));
  const answered = writers.flatMap((writer) => writer.answered);
  job.report(`${answered.length} writes were answered`);
  const quietAt = performance.now();
  await waitUntilPushed(system, connector.bucket);
  const pushedSeconds = (performance.now() - quietAt) / 1000;
  await waitUntilDeeplyEqual(mirror, connector, 120_000);
  const equalSeconds = (performance.now() - quietAt) / 1000;
  const [ours, theirs] = writers;
  const atConnector = [...first.answered, ...theirs.answered];
  await checkBothSides({ bucket: mirror.bucket, direct, gateway, atGateway: ours.answered, atConnector });
  for (const s3 of [gateway, direct]) s3.destroy();
  const puts = answered.filter(({ kind }) => kind === 'put').length;
  return { puts, deletes: answered.length - puts, pushedSeconds, equalSeconds };
}

/** None begins with another one. */
const keyOf = (n: number): string => `shared/${String(n).padStart(4, '0')}`;

const DELETES = 0.25;
/** A side that is slower than the rate gets late, never wider. */
const AT_ONCE = 8;

/** One side. Several keys at once, and one write of a key after the other, so that their order is known. */
class Writer {
  readonly answered: Answered[] = [];
  readonly #busy = new Map<string, Promise<void>>();
  #serial = 0;

  constructor(
    private readonly side: string,
    private readonly s3: S3Client,
    private readonly bucket: string,
    private readonly job: BothSidesJob,
  ) {}

  async writeAll(seed: number): Promise<void> {
    const random = seededRandom(seed);
    const { seconds, writesPerSecond, keys } = this.job;
    const startedAt = performance.now();
    for (let n = 0; n < seconds * writesPerSecond; n += 1) {
      const lateMs = performance.now() - startedAt - (n * 1000) / writesPerSecond;
      if (lateMs > seconds * 1000) break; // twice the time is enough
      if (lateMs < 0) await sleep(-lateMs);
      while (this.#busy.size >= Math.min(AT_ONCE, keys - 1)) await Promise.race(this.#busy.values());
      const free = Array.from({ length: keys }, (_, at) => keyOf(at)).filter((key) => !this.#busy.has(key));
      const key = free[Math.floor(random() * free.length)] ?? keyOf(0);
      const write = this.write(key, random() < DELETES ? 'delete' : 'put').finally(() => this.#busy.delete(key));
      write.catch(() => undefined); // awaited in the race, or below
      this.#busy.set(key, write);
    }
    await Promise.all(this.#busy.values());
  }

  async write(key: string, kind: Answered['kind']): Promise<void> {
    this.#serial += 1;
    const name = `${this.side} ${this.#serial}`;
    const target = { Bucket: this.bucket, Key: key };
    const command =
      kind === 'put'
        ? new PutObjectCommand({ ...target, Body: name, Metadata: { name }, Tagging: `of=${this.side}` })
        : new DeleteObjectCommand(target);
    const { VersionId } = await this.s3.send(command as PutObjectCommand);
    if (VersionId === undefined)
      throw new Error(`the ${kind} of ${key} at the ${this.side} was answered without an id`);
    this.answered.push({ key, name, kind, versionId: VersionId });
  }
}

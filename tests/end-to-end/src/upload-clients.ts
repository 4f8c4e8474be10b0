import { setTimeout as sleep } from 'node:timers/promises';
import {
  CompleteMultipartUploadCommand,
  CreateMultipartUploadCommand,
  PutObjectCommand,
  type S3Client,
  UploadPartCommand,
} from '@aws-sdk/client-s3';
import { bytesOf, type PlannedUpload } from './upload-plan.js';

export interface UploadRun {
  /** Indexes of uploads that were answered 200, with the version id that the client was given. */
  readonly answered: Map<number, string>;
  /** Those whose client got no answer, or an error: nobody told it whether the upload was accepted. */
  readonly unanswered: Set<number>;
  readonly done: number;
  readonly inFlight: number;
}

const CLIENTS = 12;
const AFTER_ERROR_MS = 150;

/** Clients at once; each has keys of its own, and puts each key's uploads in their order. */
export class UploadClients implements UploadRun {
  readonly answered = new Map<number, string>();
  readonly unanswered = new Set<number>();
  inFlight = 0;
  #started = 0;
  #allowed = 0;
  #waiting: (() => void)[] = [];

  constructor(
    private readonly s3: S3Client,
    private readonly bucket: string,
    private readonly seed: number,
  ) {}

  get done(): number {
    return this.answered.size + this.unanswered.size;
  }

  /** No more than this many uploads begin until it is called again: so that work is in flight at every kill. */
  allow(uploads: number): void {
    this.#allowed = uploads;
    for (const resolve of this.#waiting.splice(0)) resolve();
  }

  async run(uploads: readonly PlannedUpload[]): Promise<void> {
    const byKey = [...Map.groupBy(uploads, ({ key }) => key).values()];
    const queues = Array.from({ length: CLIENTS }, (_, client) => byKey.filter((_, at) => at % CLIENTS === client));
    // In the order of the plan, as far as it is this client's: overwrites come later than what they overwrite.
    const own = queues.map((queue) => queue.flat().sort((a, b) => a.index - b.index));
    await Promise.all(own.map((some) => this.#uploadAll(some)));
  }

  async #uploadAll(uploads: readonly PlannedUpload[]): Promise<void> {
    for (const upload of uploads) {
      while (this.#started >= this.#allowed) await new Promise<void>((resolve) => this.#waiting.push(resolve));
      this.#started += 1;
      this.inFlight += 1;
      try {
        this.answered.set(upload.index, (await this.#upload(upload)) ?? '');
      } catch {
        this.unanswered.add(upload.index);
        await sleep(AFTER_ERROR_MS); // the gateway was killed, perhaps
      } finally {
        this.inFlight -= 1;
      }
    }
  }

  async #upload(upload: PlannedUpload): Promise<string | undefined> {
    const { key: Key, parts, index } = upload;
    const object = {
      Bucket: this.bucket,
      Key,
      Metadata: { upload: String(index) },
      ContentType: 'application/x-faults',
    };
    const [only, ...more] = parts;
    if (more.length === 0) {
      const Body = bytesOf(this.seed, upload, 0, only ?? 0);
      return (await this.s3.send(new PutObjectCommand({ ...object, Body }))).VersionId;
    }
    const { UploadId } = await this.s3.send(new CreateMultipartUploadCommand(object));
    const sent = parts.map(async (size, part) => {
      const Body = bytesOf(this.seed, upload, part, size);
      const request = { Bucket: this.bucket, Key, UploadId, PartNumber: part + 1, Body };
      const { ETag } = await this.s3.send(new UploadPartCommand(request));
      return { ETag, PartNumber: part + 1 };
    });
    const MultipartUpload = { Parts: await Promise.all(sent) };
    const complete = { Bucket: this.bucket, Key, UploadId, MultipartUpload };
    return (await this.s3.send(new CompleteMultipartUploadCommand(complete))).VersionId;
  }
}

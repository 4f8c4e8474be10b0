import { createHash, randomUUID } from 'node:crypto';
import { type StagedContent, topics } from '@mirror/events';
import type { EventProducer } from '@mirror/kafka';
import {
  type Accepted,
  acceptOperation,
  type Namespace,
  type OperationWhat,
  type StoredDescription,
  uploadEvent,
} from '@mirror/namespace';
import type { Staging, StagingIntents } from '@mirror/staging';

export interface PutOptions {
  readonly description?: Partial<StoredDescription>;
  /** Sizes of the parts; one PutObject when none are given. */
  readonly parts?: readonly Buffer[];
}

export interface AcceptingParts {
  readonly namespace: Namespace;
  readonly staging: Staging;
  readonly intents: StagingIntents;
  readonly producer: EventProducer;
}

/** Accepts what clients write into one mirror, and says it, as the gateway does. */
export class AcceptingClient {
  constructor(
    private readonly parts: AcceptingParts,
    private readonly mirrorId: string,
    private readonly bucket: string,
  ) {}

  async put(
    key: string,
    body: Buffer | string,
    { description = {}, parts }: PutOptions = {},
  ): Promise<Accepted['operation']> {
    const staged = await Promise.all((parts ?? [Buffer.from(body)]).map((part) => this.#stage(key, part)));
    const content: StagedContent = { form: parts ? 'multipart' : 'single', parts: staged };
    const what: OperationWhat = {
      kind: 'put',
      versionId: `given-${randomUUID()}`,
      size: staged.reduce((sum, { size }) => sum + size, 0),
      etag: etagOf(content),
      content,
      description: { contentType: 'text/plain', headers: [], metadata: [], tags: [], ...description },
    };
    return this.#accept(key, what);
  }

  delete(key: string): Promise<Accepted['operation']> {
    return this.#accept(key, { kind: 'deleteMarker', versionId: `given-${randomUUID()}` });
  }

  tag(key: string, versionId: string, tags: Record<string, string>): Promise<Accepted['operation']> {
    return this.#accept(key, { kind: 'tag', versionId, tags: Object.entries(tags) });
  }

  deleteVersion(
    key: string,
    versionId: string,
    known: { etag: string; lastModified: Date },
  ): Promise<Accepted['operation']> {
    return this.#accept(key, { kind: 'deleteVersion', versionId, target: 'version', ...known });
  }

  async #stage(key: string, body: Buffer): Promise<StagedContent['parts'][number]> {
    const stagedId = randomUUID();
    await this.parts.intents.open({ stagedId, mirrorId: this.mirrorId, bucket: this.bucket, key });
    return { stagedId, ...(await this.parts.staging.write(stagedId, chunked(body))) };
  }

  async #accept(key: string, what: OperationWhat): Promise<Accepted['operation']> {
    const operationId = randomUUID();
    const { mirrorId, bucket } = this;
    const versionId = what.kind === 'tag' || what.kind === 'deleteVersion' ? what.versionId : undefined;
    const request = { operationId, mirrorId, bucket, key, versionId, describedAs: NOT_DESCRIBED, decide: () => what };
    const { operation } = await this.parts.namespace.db.client.withSession((session) =>
      session.withTransaction(
        async () => {
          const accepted = await acceptOperation(session, this.parts.namespace, request);
          if (what.kind !== 'put') return accepted;
          await this.parts.intents.commit(
            session,
            what.content.parts.map(({ stagedId }) => stagedId),
            operationId,
          );
          return accepted;
        },
        { readConcern: { level: 'snapshot' }, writeConcern: { w: 'majority' } },
      ),
    );
    await this.parts.producer.send(topics.uploads, [uploadEvent(operation, 'test')]);
    return operation;
  }
}

const NOT_DESCRIBED = { contentType: null, headers: [], metadata: [], tags: [] };

async function* chunked(body: Buffer): AsyncGenerator<Buffer> {
  for (let begin = 0; begin < body.length; begin += 65_536) yield body.subarray(begin, begin + 65_536);
}

function etagOf({ form, parts }: StagedContent): string {
  if (form === 'single') return parts[0]?.md5 ?? '';
  const joined = createHash('md5').update(Buffer.concat(parts.map(({ md5 }) => Buffer.from(md5, 'hex'))));
  return `${joined.digest('hex')}-${parts.length}`;
}

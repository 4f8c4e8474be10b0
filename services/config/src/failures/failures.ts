import { Injectable } from '@nestjs/common';
import { BucketStore } from '../buckets/bucket-store.js';
import { StatusSources } from '../buckets/status-sources.js';
import type { Page } from '../http/page.js';
import { Refusal } from '../http/problem.js';
import type { DeadLetter, FailureAnswer, FailuresQuery, PushFailure } from './failure.js';

/** Which failure a command means: dead letters and pushes have owners of their own. */
export interface FailureName {
  readonly bucket: string;
  readonly kind: 'event' | 'push';
  /** As its owner knows it. */
  readonly id: string;
}

interface PartRequest {
  readonly limit: number;
  readonly after: string | undefined;
  readonly mirrorId: string | undefined;
}

/** Before the ids of pushes; alone, it stands for all that come after the last dead letter. */
const PUSH = 'push:';

/**
 * What failed for good, asked of the services that keep it: dead letters first, then pushes. Who does not answer has an unknown
 * list, never an empty one.
 */
@Injectable()
export class Failures {
  constructor(
    private readonly buckets: BucketStore,
    private readonly sources: StatusSources,
  ) {}

  /** Refusal FAILURE.UNAVAILABLE or BUCKET.NOT_FOUND. */
  async page({ bucket, kind, limit, after }: FailuresQuery): Promise<Page<FailureAnswer>> {
    const mirrorId = bucket === undefined ? undefined : (await this.buckets.find(bucket)).mirrorId;
    const isOfPush = after?.startsWith(PUSH) ?? false;
    if (kind === 'push' || (kind === undefined && isOfPush)) {
      return this.#pushes({ limit, after: isOfPush ? after : undefined, mirrorId });
    }
    const letters = await this.#letters({ limit, after, mirrorId });
    if (kind === 'event' || letters.next !== null) return letters;
    const left = limit - letters.items.length;
    if (left === 0) return { items: letters.items, next: PUSH };
    const pushes = await this.#pushes({ limit: left, after: undefined, mirrorId });
    return { items: [...letters.items, ...pushes.items], next: pushes.next };
  }

  /** Of the bucket's present life. Refusal FAILURE.NOT_FOUND, FAILURE.UNAVAILABLE, BUCKET.NOT_FOUND. */
  async find(id: string): Promise<FailureName> {
    const isPush = id.startsWith(PUSH);
    const ownId = isPush ? id.slice(PUSH.length) : id;
    const told = isPush ? await this.sources.pushFailure(ownId) : await this.sources.deadLetter(id);
    if (told.kind === 'unreachable') throw isPush ? pushesUnavailable() : lettersUnavailable();
    if (told.kind === 'unknown') throw notFound(id);
    const { bucket, mirrorId } = told.value;
    const { mirrorId: current } = await this.buckets.find(bucket);
    if (mirrorId !== current) throw notFound(id);
    return { bucket, kind: isPush ? 'push' : 'event', id: ownId };
  }

  async #letters(request: PartRequest): Promise<Page<FailureAnswer>> {
    const told = await this.sources.deadLetters(request);
    if (told.kind !== 'told') throw lettersUnavailable();
    return { items: told.value.items.map(answerOfLetter), next: told.value.next };
  }

  async #pushes({ after, ...request }: PartRequest): Promise<Page<FailureAnswer>> {
    const afterId = after === undefined || after === PUSH ? undefined : after.slice(PUSH.length);
    const told = await this.sources.pushFailures({ ...request, after: afterId });
    if (told.kind !== 'told') throw pushesUnavailable();
    const { items, next } = told.value;
    return { items: items.map(answerOfPush), next: next === null ? null : `${PUSH}${next}` };
  }
}

const answerOfLetter = (letter: DeadLetter): FailureAnswer => ({
  kind: 'event',
  ...letter,
  operation: null,
  acceptedAt: null,
  hint: null,
  waitingBehind: null,
});

const answerOfPush = (push: PushFailure): FailureAnswer => ({
  kind: 'push',
  ...push,
  id: `${PUSH}${push.id}`,
  lastTriedAt: push.at,
  event: null,
});

const notFound = (id: string): Refusal =>
  new Refusal('FAILURE.NOT_FOUND', `id: there is no failure ${id}.`, 'GET /v1/failures lists those there are.');

const lettersUnavailable = (): Refusal =>
  new Refusal(
    'FAILURE.UNAVAILABLE',
    'The metadata service, which keeps the events that could not be applied, does not answer.',
    'See whether it runs, and whether METADATA_URL of config is right; then ask again.',
  );

const pushesUnavailable = (): Refusal =>
  new Refusal(
    'FAILURE.UNAVAILABLE',
    'The replication service, which keeps what could not be brought to the connector, does not answer.',
    'See whether it runs, and whether REPLICATION_URL of config is right; ?kind=event asks the metadata service alone.',
  );

import { Injectable } from '@nestjs/common';
import { BucketStore } from '../buckets/bucket-store.js';
import { StatusSources } from '../buckets/status-sources.js';
import type { Page } from '../http/page.js';
import { Refusal } from '../http/problem.js';
import type { FailureAnswer, FailuresQuery } from './failure.js';

/** What failed for good, asked of the services that keep it. Who does not answer has an unknown list, never an empty one. */
@Injectable()
export class Failures {
  constructor(
    private readonly buckets: BucketStore,
    private readonly sources: StatusSources,
  ) {}

  /** Refusal FAILURE.UNAVAILABLE or BUCKET.NOT_FOUND. */
  async page({ bucket, kind, limit, after }: FailuresQuery): Promise<Page<FailureAnswer>> {
    const mirrorId = bucket === undefined ? undefined : (await this.buckets.find(bucket)).mirrorId;
    if (kind === 'push') return { items: [], next: null }; // nothing pushes yet
    const told = await this.sources.deadLetters({ limit, after, mirrorId });
    if (told.kind !== 'told') throw unavailable();
    const { items, next } = told.value;
    return { items: items.map((letter) => ({ kind: 'event', ...letter })), next };
  }

  /** The bucket of whose present life this failure is. Refusal FAILURE.NOT_FOUND, FAILURE.UNAVAILABLE, BUCKET.NOT_FOUND. */
  async bucketOf(id: string): Promise<string> {
    const told = await this.sources.deadLetter(id);
    if (told.kind === 'unreachable') throw unavailable();
    if (told.kind === 'unknown') throw notFound(id);
    const { bucket, mirrorId } = told.value;
    const { mirrorId: current } = await this.buckets.find(bucket);
    if (mirrorId !== current) throw notFound(id);
    return bucket;
  }
}

const notFound = (id: string): Refusal =>
  new Refusal('FAILURE.NOT_FOUND', `id: there is no failure ${id}.`, 'GET /v1/failures lists those there are.');

const unavailable = (): Refusal =>
  new Refusal(
    'FAILURE.UNAVAILABLE',
    'The metadata service, which keeps the events that could not be applied, does not answer.',
    'See whether it runs, and whether METADATA_URL of config is right; then ask again.',
  );

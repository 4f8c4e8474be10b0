import { Body, Controller, HttpStatus, Param, Query } from '@nestjs/common';
import type { z } from 'zod';
import { exampleBucket, exampleStatus } from '../http/examples.js';
import { Operation } from '../http/operation.js';
import { type Page, type PageRequest, pageOf, pageQuery, toPage } from '../http/page.js';
import { BucketChanges } from './bucket-changes.js';
import { BucketStore } from './bucket-store.js';
import { type StatusAnswer, statusAnswer, statusOf } from './mirror-status.js';
import {
  type BucketAnswer,
  bucketAnswer,
  bucketAnswerOf,
  bucketParams,
  type CreateBucket,
  createBucket,
  detachQuery,
  type PauseBucket,
  pauseBucket,
} from './mirrored-bucket.js';
import { StatusSources } from './status-sources.js';

type Named = z.infer<typeof bucketParams>;

@Controller('v1/buckets')
export class BucketsController {
  constructor(
    private readonly buckets: BucketStore,
    private readonly changes: BucketChanges,
    private readonly sources: StatusSources,
  ) {}

  @Operation('POST', '', {
    id: 'createBucket',
    summary: 'Create a bucket in Mirror mode: what is in its location appears in it',
    role: 'operator',
    tag: 'Buckets',
    status: HttpStatus.CREATED,
    answer: bucketAnswer,
    problems: [
      'BUCKET.EXISTS',
      'BUCKET.LOCATION_MIRRORED',
      'BUCKET.TARGET_MIRRORED',
      'BUCKET.NOT_A_MIRROR',
      'BUCKET.LOCATION_UNKNOWN',
      'BUCKET.LOCATION_PREFIXED',
    ],
    examples: { body: { name: 'photos', locationConstraint: 'ring-paris:ingest' }, answer: exampleBucket },
  })
  async create(@Body({ schema: createBucket }) body: CreateBucket): Promise<BucketAnswer> {
    return bucketAnswerOf(await this.changes.create(body));
  }

  @Operation('GET', '', {
    id: 'listBuckets',
    summary: 'List mirrored buckets by name',
    role: 'viewer',
    tag: 'Buckets',
    answer: pageOf(bucketAnswer),
    examples: { answer: { items: [exampleBucket], next: null } },
  })
  async list(@Query({ schema: pageQuery }) query: PageRequest): Promise<Page<BucketAnswer>> {
    const { items, next } = toPage(await this.buckets.page(query), query.limit, ({ _id }) => _id);
    return { items: items.map(bucketAnswerOf), next };
  }

  @Operation('GET', ':name', {
    id: 'getBucket',
    summary: 'Read a mirrored bucket',
    role: 'viewer',
    tag: 'Buckets',
    answer: bucketAnswer,
    problems: ['BUCKET.NOT_FOUND'],
    examples: { answer: exampleBucket },
  })
  async get(@Param({ schema: bucketParams }) { name }: Named): Promise<BucketAnswer> {
    return bucketAnswerOf(await this.buckets.find(name));
  }

  @Operation('DELETE', ':name', {
    id: 'detachBucket',
    summary: 'Detach a mirrored bucket: drops our metadata, touches nothing at the connector',
    role: 'operator',
    tag: 'Buckets',
    status: HttpStatus.NO_CONTENT,
    problems: ['BUCKET.NOT_FOUND', 'BUCKET.UPLOADS_WAITING', 'BUCKET.UPLOADS_UNKNOWN'],
  })
  async detach(
    @Param({ schema: bucketParams }) { name }: Named,
    @Query({ schema: detachQuery }) { abandonUploads }: z.infer<typeof detachQuery>,
  ): Promise<void> {
    await this.changes.detach(name, abandonUploads === 'true');
  }

  @Operation('GET', ':name/status', {
    id: 'getBucketStatus',
    summary: 'Whether the mirror is up to date, how far behind it is, and what failed',
    role: 'viewer',
    tag: 'Buckets',
    answer: statusAnswer,
    problems: ['BUCKET.NOT_FOUND'],
    examples: { answer: exampleStatus },
  })
  async status(@Param({ schema: bucketParams }) { name }: Named): Promise<StatusAnswer> {
    const bucket = await this.buckets.find(name);
    const { mirrorId } = bucket;
    const { sources } = this;
    const asked = sources.poller(mirrorId);
    const [poller, figures, uploads] = await Promise.all([
      asked,
      asked.then(() => sources.figures(mirrorId)), // what the poller says is applied is counted then
      sources.uploads(mirrorId),
    ]);
    return statusOf(bucket, { poller, figures, uploads }, new Date());
  }

  @Operation('POST', ':name/pause', {
    id: 'pauseBucket',
    summary: 'Pause a mirror, until somebody resumes it or until a set hour',
    role: 'operator',
    tag: 'Buckets',
    answer: bucketAnswer,
    problems: ['BUCKET.NOT_FOUND', 'BUCKET.RESUME_IN_PAST'],
    examples: {
      body: { resumeAt: '2030-01-31T06:00:00Z' },
      answer: { ...exampleBucket, paused: true, resumeAt: '2030-01-31T06:00:00.000Z' },
    },
  })
  async pause(
    @Param({ schema: bucketParams }) { name }: Named,
    @Body({ schema: pauseBucket }) { resumeAt }: PauseBucket,
  ): Promise<BucketAnswer> {
    return bucketAnswerOf(await this.changes.pause(name, resumeAt === undefined ? null : new Date(resumeAt)));
  }

  @Operation('POST', ':name/resume', {
    id: 'resumeBucket',
    summary: 'Resume a paused mirror',
    role: 'operator',
    tag: 'Buckets',
    answer: bucketAnswer,
    problems: ['BUCKET.NOT_FOUND'],
    examples: { answer: exampleBucket },
  })
  async resume(@Param({ schema: bucketParams }) { name }: Named): Promise<BucketAnswer> {
    return bucketAnswerOf(await this.changes.resume(name));
  }
}

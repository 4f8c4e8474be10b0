import { Body, Controller, Delete, HttpCode, HttpStatus, Param, Post } from '@nestjs/common';
import type { z } from 'zod';
import { BucketChanges } from '../buckets/bucket-changes.js';
import {
  type BucketAnswer,
  bucketAnswerOf,
  bucketParams,
  type CreateBucket,
  createBucket,
} from '../buckets/mirrored-bucket.js';

/** What the gateway asks for when a client creates or deletes a bucket over S3. Answers and problems are those of `/v1`. */
@Controller('internal/v1/buckets')
export class InternalBucketsController {
  constructor(private readonly changes: BucketChanges) {}

  @Post()
  @HttpCode(HttpStatus.CREATED)
  async create(@Body({ schema: createBucket }) body: CreateBucket): Promise<BucketAnswer> {
    return bucketAnswerOf(await this.changes.create(body));
  }

  /** Never gives uploads up: that is for an operator to say. */
  @Delete(':name')
  @HttpCode(HttpStatus.NO_CONTENT)
  async detach(@Param({ schema: bucketParams }) { name }: z.infer<typeof bucketParams>): Promise<void> {
    await this.changes.detach(name, false);
  }
}

import { Body, Controller, HttpStatus, Param, Query } from '@nestjs/common';
import type { z } from 'zod';
import { exampleAccessKey } from '../http/examples.js';
import { Operation } from '../http/operation.js';
import { type Page, type PageRequest, pageOf, pageQuery, toPage } from '../http/page.js';
import {
  type AccessKeyAnswer,
  accessKeyAnswer,
  accessKeyParams,
  type CreateAccessKey,
  createAccessKey,
  newAccessKeyAnswer,
} from './access-key.js';
import { type AccessKeyRecord, AccessKeyStore } from './access-key-store.js';

@Controller('v1/access-keys')
export class AccessKeysController {
  constructor(private readonly keys: AccessKeyStore) {}

  @Operation('POST', '', {
    id: 'createAccessKey',
    summary: 'Make an S3 key for the gateway; the answer alone has its secret',
    role: 'admin',
    tag: 'Access',
    status: HttpStatus.CREATED,
    answer: newAccessKeyAnswer,
    examples: {
      body: { role: 'reader', buckets: ['photos'], description: 'Nightly report' },
      answer: { ...exampleAccessKey, secretAccessKey: 'shown-this-once' },
    },
  })
  async create(@Body({ schema: createAccessKey }) body: CreateAccessKey): Promise<z.infer<typeof newAccessKeyAnswer>> {
    const { record, secretAccessKey } = await this.keys.create(body);
    return { ...answerOf(record), secretAccessKey };
  }

  @Operation('GET', '', {
    id: 'listAccessKeys',
    summary: "List the gateway's S3 keys, without their secrets",
    role: 'admin',
    tag: 'Access',
    answer: pageOf(accessKeyAnswer),
    examples: { answer: { items: [exampleAccessKey], next: null } },
  })
  async list(@Query({ schema: pageQuery }) query: PageRequest): Promise<Page<AccessKeyAnswer>> {
    const { items, next } = toPage(await this.keys.page(query), query.limit, ({ _id }) => _id);
    return { items: items.map(answerOf), next };
  }

  @Operation('DELETE', ':id', {
    id: 'deleteAccessKey',
    summary: 'Withdraw an S3 key; the gateway takes up to 30 s to know',
    role: 'admin',
    tag: 'Access',
    status: HttpStatus.NO_CONTENT,
    problems: ['ACCESS_KEY.NOT_FOUND'],
  })
  async delete(@Param({ schema: accessKeyParams }) { id }: z.infer<typeof accessKeyParams>): Promise<void> {
    await this.keys.delete(id);
  }
}

const answerOf = ({ _id: id, role, buckets, description, createdAt }: AccessKeyRecord): AccessKeyAnswer => ({
  id,
  role,
  buckets,
  description,
  createdAt: createdAt.toISOString(),
});

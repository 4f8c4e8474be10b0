import { Body, Controller, HttpStatus, Param, Query } from '@nestjs/common';
import type { z } from 'zod';
import { exampleToken } from '../http/examples.js';
import { Operation } from '../http/operation.js';
import { type Page, type PageRequest, pageOf, pageQuery, toPage } from '../http/page.js';
import { type CreateToken, createToken, newTokenAnswer, type TokenAnswer, tokenAnswer, tokenParams } from './token.js';
import { type TokenRecord, TokenStore } from './token-store.js';

@Controller('v1/tokens')
export class TokensController {
  constructor(private readonly tokens: TokenStore) {}

  @Operation('POST', '', {
    id: 'createToken',
    summary: 'Make an API token; the answer alone has it',
    role: 'admin',
    tag: 'Access',
    status: HttpStatus.CREATED,
    answer: newTokenAnswer,
    examples: {
      body: { role: 'viewer', description: 'Dashboards' },
      answer: { ...exampleToken, token: 'zkm_shown-this-once' },
    },
  })
  async create(@Body({ schema: createToken }) body: CreateToken): Promise<z.infer<typeof newTokenAnswer>> {
    const { record, token } = await this.tokens.create(body);
    return { ...answerOf(record), token };
  }

  @Operation('GET', '', {
    id: 'listTokens',
    summary: 'List API tokens, without the tokens themselves',
    role: 'admin',
    tag: 'Access',
    answer: pageOf(tokenAnswer),
    examples: { answer: { items: [exampleToken], next: null } },
  })
  async list(@Query({ schema: pageQuery }) query: PageRequest): Promise<Page<TokenAnswer>> {
    const { items, next } = toPage(await this.tokens.page(query), query.limit, ({ _id }) => _id);
    return { items: items.map(answerOf), next };
  }

  @Operation('DELETE', ':id', {
    id: 'deleteToken',
    summary: 'Withdraw an API token, from the next call on',
    role: 'admin',
    tag: 'Access',
    status: HttpStatus.NO_CONTENT,
    problems: ['TOKEN.NOT_FOUND'],
  })
  async delete(@Param({ schema: tokenParams }) { id }: z.infer<typeof tokenParams>): Promise<void> {
    await this.tokens.delete(id);
  }
}

const answerOf = ({ _id: id, role, description, createdAt }: TokenRecord): TokenAnswer => ({
  id,
  role,
  description,
  createdAt: createdAt.toISOString(),
});

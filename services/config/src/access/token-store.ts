import { createHash, randomBytes } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import type { Collection } from 'mongodb';
import { ConfigDatabase } from '../database/config-database.js';
import type { PageRequest } from '../http/page.js';
import { Refusal } from '../http/problem.js';
import type { Role } from './role.js';
import type { CreateToken } from './token.js';

export interface TokenRecord {
  readonly _id: string;
  /** SHA-256 of the token, base64: 32 random bytes need no slower hash. */
  readonly hash: string;
  readonly role: Role;
  readonly description: string;
  readonly createdAt: Date;
}

/** API tokens. A token is found by its hash, so that nothing secret is compared. */
@Injectable()
export class TokenStore {
  readonly #tokens: Collection<TokenRecord>;

  constructor(database: ConfigDatabase) {
    this.#tokens = database.collection<TokenRecord>('tokens');
  }

  async init(): Promise<void> {
    await this.#tokens.createIndex({ hash: 1 }, { unique: true });
  }

  /** The token itself is returned here, and can never be read again. */
  async create({ role, description }: CreateToken): Promise<{ record: TokenRecord; token: string }> {
    const token = `zkm_${randomBytes(32).toString('base64url')}`;
    const record = {
      _id: randomBytes(8).toString('hex'),
      hash: hashOf(token),
      role,
      description,
      createdAt: new Date(),
    };
    await this.#tokens.insertOne(record);
    return { record, token };
  }

  /** Undefined: there is no such token, or no longer. */
  async roleOf(token: string): Promise<Role | undefined> {
    const record = await this.#tokens.findOne({ hash: hashOf(token) }, { projection: { role: 1 } });
    return record?.role;
  }

  page({ limit, after }: PageRequest): Promise<TokenRecord[]> {
    return this.#tokens
      .find(after === undefined ? {} : { _id: { $gt: after } })
      .sort({ _id: 1 })
      .limit(limit + 1)
      .toArray();
  }

  async delete(id: string): Promise<void> {
    const { deletedCount } = await this.#tokens.deleteOne({ _id: id });
    if (deletedCount > 0) return;
    throw new Refusal('TOKEN.NOT_FOUND', `id: there is no token ${id}.`, 'GET /v1/tokens lists those there are.');
  }
}

const hashOf = (token: string): string => createHash('sha256').update(token).digest('base64');

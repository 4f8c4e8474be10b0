import { randomBytes } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import type { Collection } from 'mongodb';
import { ConfigDatabase } from '../database/config-database.js';
import type { PageRequest } from '../http/page.js';
import { Refusal } from '../http/problem.js';
import { MasterKey, type Sealed } from '../secrets/master-key.js';
import type { CreateAccessKey } from './access-key.js';

/** `_id` is the access key id of S3. */
export interface AccessKeyRecord {
  readonly _id: string;
  /** Sealed, not hashed: the gateway needs it to check signatures. */
  readonly secretAccessKey: Sealed;
  readonly role: CreateAccessKey['role'];
  readonly buckets: CreateAccessKey['buckets'];
  readonly description: string;
  readonly createdAt: Date;
}

const BASE32 = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567';

/** S3 keys for the gateway. */
@Injectable()
export class AccessKeyStore {
  readonly #keys: Collection<AccessKeyRecord>;

  constructor(
    database: ConfigDatabase,
    private readonly masterKey: MasterKey,
  ) {
    this.#keys = database.collection<AccessKeyRecord>('accessKeys');
  }

  /** The secret is returned here, and afterwards only to the gateway. */
  async create(request: CreateAccessKey): Promise<{ record: AccessKeyRecord; secretAccessKey: string }> {
    const id = `ZKM${base32(17)}`;
    const secretAccessKey = randomBytes(30).toString('base64url'); // 40 characters, as S3's own
    const sealed = this.masterKey.seal(secretAccessKey, placeOf(id));
    const record = { _id: id, secretAccessKey: sealed, ...request, createdAt: new Date() };
    await this.#keys.insertOne(record);
    return { record, secretAccessKey };
  }

  /** With its secret in clear: for the gateway only. */
  async reveal(id: string): Promise<AccessKeyRecord & { readonly secret: string }> {
    const record = await this.#keys.findOne({ _id: id });
    if (!record) throw notFound(id);
    return { ...record, secret: this.masterKey.open(record.secretAccessKey, placeOf(id)) };
  }

  page({ limit, after }: PageRequest): Promise<AccessKeyRecord[]> {
    return this.#keys
      .find(after === undefined ? {} : { _id: { $gt: after } })
      .sort({ _id: 1 })
      .limit(limit + 1)
      .toArray();
  }

  async delete(id: string): Promise<void> {
    const { deletedCount } = await this.#keys.deleteOne({ _id: id });
    if (deletedCount === 0) throw notFound(id);
  }
}

const placeOf = (id: string): string => `accessKeys/${id}/secretAccessKey`;

const notFound = (id: string): Refusal =>
  new Refusal(
    'ACCESS_KEY.NOT_FOUND',
    `id: there is no access key ${id}.`,
    'GET /v1/access-keys lists those there are.',
  );

/** As S3's ids look: 5 random bits a character. */
const base32 = (length: number): string =>
  Array.from(randomBytes(length), (byte) => BASE32.charAt(byte % BASE32.length)).join('');

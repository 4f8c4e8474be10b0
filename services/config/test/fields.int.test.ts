import { type FreshBucket, freshBucket } from '@mirror/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { leftovers, locationOn } from './connector-bucket.js';
import { startTestConfig, type TestConfig } from './running-config.js';

let config: TestConfig;
let target: FreshBucket;
let before: string;

beforeAll(async () => {
  [config, target] = await Promise.all([startTestConfig(), freshBucket()]);
  await config.call('POST', '/v1/locations', { body: locationOn(target.bucket, 'ring-paris') });
  await config.call('POST', '/v1/buckets', { body: { name: 'photos', locationConstraint: 'ring-paris:ingest' } });
  before = await dump();
});
afterAll(async () => {
  await Promise.all([config.stop(), target.drop()]);
});

/** All that is stored, but the relay's own. A command would show in the bucket that it was for. */
async function dump(): Promise<string> {
  const names = ['locations', 'buckets', 'tokens', 'accessKeys'];
  const all = names.map((name) => config.database.db.collection(`config.${name}`).find().sort({ _id: 1 }).toArray());
  return JSON.stringify(await Promise.all(all));
}

interface Wrong {
  readonly call: readonly [method: string, path: string];
  /** What of the good body is other; undefined takes a field away. 'details.' reaches into details. */
  readonly change: Readonly<Record<string, unknown>>;
  readonly code?: string;
}

const good: Readonly<Record<string, () => Record<string, unknown>>> = {
  'POST /v1/locations': () => locationOn(target.bucket, 'another'),
  'PATCH /v1/locations/ring-paris': () => ({ details: {} }),
  'POST /v1/buckets': () => ({ name: 'others', locationConstraint: 'ring-paris:ingest' }),
  'POST /v1/buckets/photos/pause': () => ({}),
  'POST /v1/buckets/photos/accept-removals': () => ({ ledger: 0 }),
  'POST /v1/tokens': () => ({ role: 'viewer' }),
  'POST /v1/access-keys': () => ({ role: 'reader', buckets: '*' }),
};

const of = (method: string, path: string, field: string, values: readonly unknown[], code?: string): Wrong[] =>
  values.map((value) => ({ call: [method, path], change: { [field]: value }, ...(code && { code }) }));

const badBucketNames = [
  '',
  'ab',
  'a'.repeat(64),
  'Photos',
  'pho_tos',
  'pho.tos',
  '-photos',
  'photos-',
  'phötos',
  7,
  null,
];
const UNKNOWN = 'REQUEST.UNKNOWN_FIELD';

const locationDetails = (method: string, path: string): Wrong[] => [
  ...of(method, path, 'details.endpoint', [
    '',
    ' ',
    'ftp://ring',
    'http://',
    'http://u:p@ring',
    'http://ring/path',
    'ring:99999',
    'x'.repeat(301),
    8000,
    null,
  ]),
  ...of(method, path, 'details.bucketName', badBucketNames),
  ...of(method, path, 'details.accessKey', ['', 'with space', 'schlüssel', 'x'.repeat(129), 1, null]),
  ...of(method, path, 'details.secretKey', ['', 'with space', 'schlüssel', 'x'.repeat(257), 1, null]),
  ...of(method, path, 'details.bucketMatch', ['true', 1, null]),
  ...of(method, path, 'details.region', ['', 'EU West', 'x'.repeat(65), 1, null]),
  ...of(method, path, 'details.prefix', ['x'], UNKNOWN),
  ...of(method, path, 'details', [undefined, null, 'text', []]),
];

const wrong: Wrong[] = [
  ...of('POST', '/v1/locations', 'name', [undefined, '', 'with space', 'a_b', 'a.b', 'ü', 'x'.repeat(65), 1, null]),
  ...of('POST', '/v1/locations', 'locationType', [undefined, '', 'aws_s3', 1, null]),
  ...['endpoint', 'bucketName', 'accessKey', 'secretKey'].flatMap((field) =>
    of('POST', '/v1/locations', `details.${field}`, [undefined]),
  ),
  ...locationDetails('POST', '/v1/locations'),
  ...of('POST', '/v1/locations', 'revision', ['1'], UNKNOWN),
  ...locationDetails('PATCH', '/v1/locations/ring-paris'),
  ...of('PATCH', '/v1/locations/ring-paris', 'name', ['other'], UNKNOWN),
  ...of('PATCH', '/v1/locations/ring-paris', 'locationType', ['location-scality-ring-s3-v1'], UNKNOWN),
  ...of('POST', '/v1/buckets', 'name', [undefined, ...badBucketNames]),
  ...of('POST', '/v1/buckets', 'locationConstraint', [
    undefined,
    '',
    ':ingest',
    'a:',
    'a b:ingest',
    'x'.repeat(65),
    1,
    null,
  ]),
  ...of('POST', '/v1/buckets', 'versioning', [true], UNKNOWN),
  ...of('POST', '/v1/buckets/photos/pause', 'resumeAt', [
    '',
    'tomorrow',
    '2030-01-01',
    '2030-01-01T00:00:00',
    1_900_000_000,
    null,
  ]),
  ...of('POST', '/v1/buckets/photos/pause', 'until', ['2030-01-01T00:00:00Z'], UNKNOWN),
  ...of('POST', '/v1/buckets/photos/accept-removals', 'ledger', [undefined, '', '7', -1, 1.5, null]),
  ...of('POST', '/v1/buckets/photos/accept-removals', 'force', [true], UNKNOWN),
  ...of('POST', '/v1/tokens', 'role', [undefined, '', 'root', 'reader', 1, null]),
  ...of('POST', '/v1/tokens', 'description', ['x'.repeat(201), 1, null]),
  ...of('POST', '/v1/tokens', 'token', ['mine'], UNKNOWN),
  ...of('POST', '/v1/access-keys', 'role', [undefined, '', 'admin', 1, null]),
  ...of('POST', '/v1/access-keys', 'buckets', [undefined, 'photos', [], ['Photos'], ['*'], [1], 1, null]),
  ...of('POST', '/v1/access-keys', 'description', ['x'.repeat(201), 1, null]),
  ...of('POST', '/v1/access-keys', 'secretAccessKey', ['mine'], UNKNOWN),
];

function changed(body: Record<string, unknown>, change: Wrong['change']): Record<string, unknown> {
  const copy = structuredClone(body);
  for (const [field, value] of Object.entries(change)) {
    const inner = field.startsWith('details.');
    const place = inner ? (copy.details as Record<string, unknown>) : copy;
    place[inner ? field.slice('details.'.length) : field] = value;
  }
  return copy;
}

describe('a wrong field', () => {
  it.each(
    wrong.map((entry) => {
      const [[field, value]] = Object.entries(entry.change) as [[string, unknown]];
      const shown = value === undefined ? 'missing' : String(JSON.stringify(value)).slice(0, 30);
      return [`${entry.call.join(' ')} ${field} ${shown}`, field, entry] as const;
    }),
  )('%s', async (_name, field, { call: [method, path], change, code = 'REQUEST.INVALID_FIELD' }) => {
    const body = changed(good[`${method} ${path}`]?.() ?? {}, change);
    const answer = await config.call(method, path, { body });
    expect(answer.body).toMatchObject({ status: 400, code });
    expect(answer.body.detail).toContain(field);
    expect(answer.body.hint).toMatch(/\w/);
    expect(answer.body.errors.map((fault: { field: string }) => fault.field.split('.0')[0])).toContain(field);
  });

  it('has changed nothing, here or at the connector', async () => {
    expect(await dump()).toBe(before);
    expect(await leftovers(target)).toEqual([]);
  });
});

describe('a wrong parameter', () => {
  it.each([
    ['GET', '/v1/locations?limit=0', 'limit', 'REQUEST.INVALID_FIELD'],
    ['GET', '/v1/locations?limit=1001', 'limit', 'REQUEST.INVALID_FIELD'],
    ['GET', '/v1/locations?limit=ten', 'limit', 'REQUEST.INVALID_FIELD'],
    ['GET', '/v1/locations?limit=1.5', 'limit', 'REQUEST.INVALID_FIELD'],
    ['GET', '/v1/locations?limit=', 'limit', 'REQUEST.INVALID_FIELD'],
    ['GET', '/v1/locations?after=', 'after', 'REQUEST.INVALID_FIELD'],
    ['GET', `/v1/buckets?after=${'x'.repeat(201)}`, 'after', 'REQUEST.INVALID_FIELD'],
    ['GET', '/v1/buckets?offset=3', 'offset', 'REQUEST.UNKNOWN_FIELD'],
    ['GET', '/v1/tokens?limit=1&limit=2', 'limit', 'REQUEST.INVALID_FIELD'],
    ['GET', '/v1/access-keys?role=reader', 'role', 'REQUEST.UNKNOWN_FIELD'],
    ['GET', '/v1/location-constraints?page=2', 'page', 'REQUEST.UNKNOWN_FIELD'],
    ['GET', '/v1/buckets/photos?verbose=1', 'verbose', 'REQUEST.UNKNOWN_FIELD'],
    ['POST', '/v1/locations?dryrun=true', 'dryrun', 'REQUEST.UNKNOWN_FIELD'],
    ['POST', '/v1/locations?dryRun=yes', 'dryRun', 'REQUEST.INVALID_FIELD'],
    ['POST', '/v1/buckets/photos/resume?now=1', 'now', 'REQUEST.UNKNOWN_FIELD'],
    ['DELETE', '/v1/buckets/photos?abandonUploads=1', 'abandonUploads', 'REQUEST.INVALID_FIELD'],
    ['DELETE', '/v1/buckets/photos?force=true', 'force', 'REQUEST.UNKNOWN_FIELD'],
    ['DELETE', '/v1/locations/ring-paris?force=true', 'force', 'REQUEST.UNKNOWN_FIELD'],
    ['GET', '/v1/locations/with%20space', 'name', 'REQUEST.INVALID_FIELD'],
    ['GET', '/v1/buckets/Photos', 'name', 'REQUEST.INVALID_FIELD'],
    ['POST', '/v1/buckets/Photos/verify', 'name', 'REQUEST.INVALID_FIELD'],
    ['POST', '/v1/buckets/photos/verify?deep=1', 'deep', 'REQUEST.UNKNOWN_FIELD'],
    ['GET', '/v1/failures?bucket=Photos', 'bucket', 'REQUEST.INVALID_FIELD'],
    ['GET', '/v1/failures?kind=all', 'kind', 'REQUEST.INVALID_FIELD'],
    ['GET', '/v1/failures?after=a/b', 'after', 'REQUEST.INVALID_FIELD'],
    ['GET', '/v1/failures?limit=0', 'limit', 'REQUEST.INVALID_FIELD'],
    ['GET', '/v1/failures?code=X', 'code', 'REQUEST.UNKNOWN_FIELD'],
    ['POST', '/v1/failures/retry', 'bucket', 'REQUEST.INVALID_FIELD'],
    ['POST', '/v1/failures/retry?bucket=', 'bucket', 'REQUEST.INVALID_FIELD'],
    ['POST', '/v1/failures/retry?bucket=photos&kind=event', 'kind', 'REQUEST.UNKNOWN_FIELD'],
    ['POST', '/v1/failures/a%2Fb/retry', 'id', 'REQUEST.INVALID_FIELD'],
    ['POST', '/v1/failures/a%20b/discard', 'id', 'REQUEST.INVALID_FIELD'],
    ['DELETE', '/v1/tokens/UPPER', 'id', 'REQUEST.INVALID_FIELD'],
    ['DELETE', '/v1/access-keys/lower', 'id', 'REQUEST.INVALID_FIELD'],
  ])('%s %s', async (method, path, field, code) => {
    const body = method === 'POST' && path.startsWith('/v1/locations') ? good['POST /v1/locations']?.() : undefined;
    const answer = await config.call(method, path, { body });
    expect(answer.body).toMatchObject({ status: 400, code });
    expect(answer.body.detail).toContain(field);
    expect(answer.body.hint).toMatch(/\w/);
  });

  it.each([
    ['POST', '/v1/buckets/photos/resume'],
    ['POST', '/v1/buckets/photos/verify'],
    ['POST', '/v1/failures/retry?bucket=photos'],
    ['POST', '/v1/failures/x/discard'],
    ['POST', '/v1/locations/ring-paris/check'],
    ['DELETE', '/v1/locations/ring-paris'],
  ])('is any field of a body that %s %s does not take', async (method, path) => {
    const { body } = await config.call(method, path, { body: { force: true } });
    expect(body).toMatchObject({ status: 400, code: 'REQUEST.UNKNOWN_FIELD' });
    expect(body.detail).toContain('force');
  });

  it.each(['POST /v1/locations', 'POST /v1/buckets', 'POST /v1/tokens', 'POST /v1/access-keys'])(
    'is a body that %s cannot read',
    async (call) => {
      const [method = '', path = ''] = call.split(' ');
      for (const rawBody of ['', '[]', '"text"', 'null', '7']) {
        expect((await config.call(method, path, { rawBody })).body).toMatchObject({ code: 'REQUEST.INVALID_FIELD' });
      }
      expect((await config.call(method, path, { rawBody: '{' })).body).toMatchObject({ code: 'REQUEST.MALFORMED' });
      const large = JSON.stringify({ name: 'x'.repeat(70_000) });
      expect((await config.call(method, path, { rawBody: large })).body).toMatchObject({ code: 'REQUEST.TOO_LARGE' });
    },
  );

  it('has changed nothing, here or at the connector', async () => {
    expect(await dump()).toBe(before);
    expect(await leftovers(target)).toEqual([]);
  });
});

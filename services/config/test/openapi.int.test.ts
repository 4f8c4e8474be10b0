import { type FreshBucket, freshBucket } from '@mirror/testing';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { exampleFailure, exampleStatus } from '../src/http/examples.js';
import { locationOn } from './connector-bucket.js';
import { type Owner, startOwner } from './owner.js';
import { startTestConfig, type TestConfig } from './running-config.js';

let config: TestConfig;
let target: FreshBucket;
let owner: Owner;

/** What the poller and the metadata service say. */
function says(path: string): object {
  const { kind: _kind, ...letter } = { ...exampleFailure, mirrorId };
  if (path.includes('/dead-letters?')) return { items: [letter], next: null };
  if (path.includes('/dead-letters/')) return letter;
  const { snapshot, removals, lastVerify, lastError, ...rest } = exampleStatus;
  return { ...rest, snapshot, removals, lastVerify, lastError, suspect: false, failing: false };
}
let mirrorId = '';
beforeAll(async () => {
  owner = await startOwner(says);
  const urls = { POLLER_URL: owner.url, METADATA_URL: owner.url };
  [config, target] = await Promise.all([startTestConfig(urls), freshBucket()]);
});
afterAll(async () => {
  await Promise.all([config.stop(), target.drop(), owner.stop()]);
});

const registered = (): string[] =>
  config.service.routes
    .entries()
    .filter(({ path }) => !path.startsWith('/internal/'))
    .map(({ method, path }) => `${method} ${path.replace(/:(\w+)/g, '{$1}')}`)
    .sort();

it('every public route that is registered is in the document, and nothing else is', () => {
  const documented = Object.entries<object>(config.answers.document.paths).flatMap(([path, methods]) =>
    Object.keys(methods).map((method) => `${method.toUpperCase()} ${path}`),
  );
  expect(documented.sort()).toEqual(registered());
});

it('every operation really answers as the document says', async () => {
  const { call, answers } = config;
  const location = locationOn(target.bucket, 'ring-paris');
  await call('POST', '/v1/locations?dryRun=true', { body: location });
  await call('POST', '/v1/locations', { body: location });
  await call('GET', '/v1/locations');
  await call('GET', '/v1/locations/ring-paris');
  await call('PATCH', '/v1/locations/ring-paris', { body: { details: {} } });
  await call('POST', '/v1/locations/ring-paris/check');
  await call('GET', '/v1/location-constraints');
  const made = await call('POST', '/v1/buckets', {
    body: { name: 'photos', locationConstraint: 'ring-paris:ingest' },
  });
  mirrorId = made.body.mirrorId;
  await call('GET', '/v1/buckets');
  await call('GET', '/v1/buckets/photos');
  await call('GET', '/v1/buckets/photos/status');
  await call('POST', '/v1/buckets/photos/pause', { body: { resumeAt: '2999-01-01T00:00:00+01:00' } });
  await call('POST', '/v1/buckets/photos/resume');
  await call('POST', '/v1/buckets/photos/verify');
  await call('POST', '/v1/buckets/photos/accept-removals', { body: { ledger: 1200 } });
  await call('GET', '/v1/failures?bucket=photos&kind=event');
  await call('POST', `/v1/failures/${exampleFailure.id}/retry`);
  await call('POST', `/v1/failures/${exampleFailure.id}/discard`);
  await call('POST', '/v1/failures/retry?bucket=photos');
  await call('DELETE', '/v1/buckets/photos?abandonUploads=true');
  await call('DELETE', '/v1/locations/ring-paris');
  const { body: key } = await call('POST', '/v1/access-keys', { body: { role: 'writer', buckets: '*' } });
  await call('GET', '/v1/access-keys');
  await call('DELETE', `/v1/access-keys/${key.id}`);
  const { body: token } = await call('POST', '/v1/tokens', { body: { role: 'viewer' } });
  await call('GET', '/v1/tokens');
  await call('DELETE', `/v1/tokens/${token.id}`);
  for (const path of ['/livez', '/readyz', '/metrics']) await call('GET', path, { token: null });
  const successes = Object.values<Record<string, { operationId: string; responses: object }>>(answers.document.paths)
    .flatMap((methods) => Object.values(methods))
    .flatMap(({ operationId, responses }) =>
      Object.keys(responses)
        .filter((status) => status.startsWith('2'))
        .map((status) => `${operationId} ${status}`),
    );
  expect(successes.filter((success) => !answers.seen.has(success) && !success.startsWith('openapi'))).toEqual([]);
});

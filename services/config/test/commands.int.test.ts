import { compareTimes, eventSchemas, topics } from '@mirror/events';
import { type FreshBucket, freshBucket, waitFor } from '@mirror/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { exampleFailure, exampleStatus } from '../src/http/examples.js';
import { locationOn } from './connector-bucket.js';
import { type Owner, startOwner } from './owner.js';
import { type FollowedMessages, followMessages, type Message } from './read-messages.js';
import { startTestConfig, type TestConfig } from './running-config.js';

let config: TestConfig;
let target: FreshBucket;
let poller: Owner;
let metadata: Owner;
let mirrorId: string;
let followed: FollowedMessages | undefined;
const { lastError, lastVerify, snapshot } = exampleStatus;
const polled = { ...exampleStatus, lastError, lastVerify, snapshot, suspect: true, failing: false };
const ledgerAt = (ledger: number) => ({ ...polled, removals: { candidates: 3, unlisted: 0, ledger } });

beforeAll(async () => {
  [poller, metadata, target] = await Promise.all([startOwner(ledgerAt(7)), startOwner(() => undefined), freshBucket()]);
  config = await startTestConfig({ POLLER_URL: poller.url, METADATA_URL: metadata.url });
  await config.call('POST', '/v1/locations', { body: locationOn(target.bucket, 'one') });
  const made = await config.call('POST', '/v1/buckets', { body: { name: 'photos', locationConstraint: 'one:ingest' } });
  mirrorId = made.body.mirrorId;
});
afterAll(async () => {
  await Promise.all([followed?.stop(), config?.stop(), target?.drop(), poller?.stop(), metadata?.stop()]);
});

const post = (path: string, body?: object) => config.call('POST', path, { body });
const typeOf = ({ headers }: Message) => headers.ce_type as keyof typeof eventSchemas;
/** Every command said so far, in the order of the topic, once there are so many. */
async function commands(atLeast: number): Promise<readonly Message[]> {
  followed ??= await followMessages(config.env, [topics.commands]);
  const { messages } = followed;
  await waitFor(() => messages.length >= atLeast, { what: `${atLeast} commands`, timeoutMs: 30_000 });
  return [...messages];
}

describe('a command', () => {
  it('is said once, for the present life of the bucket, each with a higher revision than the one before', async () => {
    const answers = await Promise.all(Array.from({ length: 5 }, () => post('/v1/buckets/photos/verify')));
    expect(answers.map(({ status }) => status)).toEqual([202, 202, 202, 202, 202]);
    const said = await commands(5);
    expect(said.map(typeOf)).toEqual(Array(5).fill('VerifyRequested'));
    for (const [index, message] of said.entries()) {
      expect(message).toMatchObject({ key: 'photos', value: { bucket: 'photos', mirrorId } });
      expect(eventSchemas.VerifyRequested.parse(message.value)).toEqual(message.value);
      const earlier = said[index - 1];
      if (earlier) expect(compareTimes(earlier.value.revision, message.value.revision)).toBeLessThan(0);
    }
    const given = answers.map(({ body }) => body.commandId);
    expect(said.map(({ value }) => value.commandId).sort()).toEqual(given.sort());
  });

  it('leaves the revision of the bucket as it is', async () => {
    const revision = async () => (await config.database.db.collection('config.buckets').findOne({}))?.revision;
    const before = await revision();
    await post('/v1/buckets/photos/verify');
    expect(await revision()).toEqual(before);
  });

  it.each(['verify', 'accept-removals'])('%s finds no bucket that is not there', async (call) => {
    const { body } = await post(`/v1/buckets/nowhere/${call}`, call === 'verify' ? undefined : { ledger: 1 });
    expect(body).toMatchObject({ status: 404, code: 'BUCKET.NOT_FOUND' });
  });
});

describe('an acceptance of removals', () => {
  const accept = (ledger: number) => post('/v1/buckets/photos/accept-removals', { ledger });

  it('names the state of the ledger that it accepts', async () => {
    const { status, body } = await accept(7);
    expect(status).toBe(202);
    const said = (await commands(7)).filter((message) => typeOf(message) === 'RemovalsAccepted');
    expect(said.map(({ value }) => value)).toEqual([{ ...body, ledger: 7 }]);
  });

  it('is refused for a state that the ledger has not reached', async () => {
    const { body } = await accept(8);
    expect(body).toMatchObject({ status: 409, code: 'BUCKET.LEDGER_AHEAD' });
    expect(body.detail).toContain('stands at 7');
    expect(body.hint).toContain('/v1/buckets/photos/status');
    poller.say(ledgerAt(8));
    expect((await accept(8)).status).toBe(202);
  });

  it('is refused while the poller does not know the mirror, or does not answer', async () => {
    poller.say(() => undefined);
    expect((await accept(1)).body).toMatchObject({ status: 409, code: 'BUCKET.LEDGER_UNKNOWN' });
    await poller.stop();
    const { body } = await accept(1);
    expect(body).toMatchObject({ status: 409, code: 'BUCKET.LEDGER_UNKNOWN' });
    expect(body.hint).toContain('Start the poller');
    const said = (await commands(8)).filter((message) => typeOf(message) === 'RemovalsAccepted');
    expect(said).toHaveLength(2);
  });
});

describe('failures', () => {
  const { kind: _kind, operation: _o, acceptedAt: _a, hint: _h, waitingBehind: _w, ...example } = exampleFailure;
  const noPush = { operation: null, acceptedAt: null, hint: null, waitingBehind: null };
  const letter = (of: string) => ({ ...example, mirrorId: of });
  const last = async (count: number) => (await commands(count)).at(-1);

  it('are what the metadata service says of the present life of the bucket, page by page', async () => {
    metadata.say({ items: [letter(mirrorId)], next: 'x:0:9' });
    const { body } = await config.call('GET', '/v1/failures?bucket=photos&limit=1&after=x:0:1');
    expect(body).toEqual({ items: [{ kind: 'event', ...letter(mirrorId), ...noPush }], next: 'x:0:9' });
    const [asked] = metadata.asked.slice(-1);
    expect(asked).toContain(`/internal/v1/dead-letters?limit=1&after=x%3A0%3A1&mirrorId=${mirrorId}`);
    expect((await config.call('GET', '/v1/failures')).body.items).toHaveLength(1);
    const unknown = await config.call('GET', '/v1/failures?bucket=nowhere');
    expect(unknown.body).toMatchObject({ status: 404, code: 'BUCKET.NOT_FOUND' });
  });

  it.each([
    ['retry', 'RetryRequested'],
    ['discard', 'DiscardRequested'],
  ])('are named by a command to %s one', async (call, type) => {
    metadata.say(letter(mirrorId));
    const count = (await commands(8)).length;
    const { status, body } = await post(`/v1/failures/${example.id}/${call}`);
    expect(status).toBe(202);
    const said = await last(count + 1);
    expect(said).toMatchObject({ key: 'photos', headers: { ce_type: type } });
    expect(said?.value).toEqual({ ...body, kind: 'event', failureIds: [example.id] });
  });

  it('are all meant by a command to retry those of a bucket, also while the metadata service is away', async () => {
    const count = (await commands(8)).length;
    const { status, body } = await post('/v1/failures/retry?bucket=photos');
    expect(status).toBe(202);
    const [event, push] = (await commands(count + 2)).slice(-2);
    expect(event?.value).toEqual({ ...body, kind: 'event', failureIds: null });
    expect(push?.value).toEqual({ ...body, kind: 'push', failureIds: null });
    expect(event?.headers.ce_id).not.toBe(push?.headers.ce_id);
    expect((await post('/v1/failures/retry?bucket=nowhere')).body).toMatchObject({ code: 'BUCKET.NOT_FOUND' });
  });

  it('of pushes come after the dead letters, page by page, and are named by their kind', async () => {
    const push = {
      id: 'operation-1',
      bucket: 'photos',
      mirrorId,
      key: 'a.jpg',
      versionId: 'given',
      operation: 'put',
      acceptedAt: '2030-01-31T06:00:00.000Z',
      code: 'S3.REFUSED',
      reason: 'MetadataTooLarge',
      hint: 'Never.',
      at: '2030-01-31T06:00:01.000Z',
      retries: 1,
      waitingBehind: 2,
    };
    config.replication.say((path) => (path.includes('push-failures?') ? { items: [push], next: push.id } : push));
    metadata.say({ items: [letter(mirrorId)], next: null });
    const answer = { kind: 'push', ...push, id: 'push:operation-1', lastTriedAt: push.at, event: null };
    const first = await config.call('GET', '/v1/failures?limit=1');
    expect(first.body).toMatchObject({ items: [{ kind: 'event' }], next: 'push:' });
    const both = await config.call('GET', '/v1/failures?limit=2&bucket=photos');
    expect(both.body).toMatchObject({ items: [{ kind: 'event' }, answer], next: 'push:operation-1' });
    await config.call('GET', '/v1/failures?kind=push&after=push:operation-1&limit=7');
    expect(config.replication.asked.at(-1)).toContain('push-failures?limit=7&after=operation-1');
    expect((await config.call('GET', '/v1/failures?kind=event')).body.items).toHaveLength(1);
    for (const call of ['retry', 'discard']) {
      const count = (await commands(8)).length;
      expect((await post(`/v1/failures/push:operation-1/${call}`)).status).toBe(202);
      expect((await last(count + 1))?.value).toMatchObject({ kind: 'push', failureIds: ['operation-1'] });
    }
    await config.replication.stop();
    const unknown = await config.call('GET', '/v1/failures?kind=push');
    expect(unknown.body).toMatchObject({ status: 503, code: 'FAILURE.UNAVAILABLE' });
  });

  it('that are not there, or of an earlier life, are refused', async () => {
    metadata.say(() => undefined);
    expect((await post('/v1/failures/x/retry')).body).toMatchObject({ status: 404, code: 'FAILURE.NOT_FOUND' });
    metadata.say(letter('an earlier life'));
    expect((await post('/v1/failures/x/discard')).body).toMatchObject({ status: 404, code: 'FAILURE.NOT_FOUND' });
  });

  it('are not said to be none while the metadata service is away', async () => {
    await metadata.stop();
    const listed = await config.call('GET', '/v1/failures');
    expect(listed.body).toMatchObject({ status: 503, code: 'FAILURE.UNAVAILABLE' });
    expect((await post('/v1/failures/x/retry')).body).toMatchObject({ status: 503, code: 'FAILURE.UNAVAILABLE' });
  });
});

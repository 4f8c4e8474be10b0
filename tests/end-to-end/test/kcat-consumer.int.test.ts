import { readdirSync, readFileSync } from 'node:fs';
import { ListObjectVersionsCommand } from '@aws-sdk/client-s3';
import { type FreshBucket, freshBucket, generateBucket, testServers } from '@mirror/testing';
import { Ajv2020 } from 'ajv/dist/2020.js';
import addFormats from 'ajv-formats';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { waitUntilEqual } from '../src/index.js';
import { type KcatMessage, readTopic } from '../src/kcat.js';
import { connectorAccess, startTestSystem, type TestSystem } from './test-system.js';

const versions = 300;
const schemaFolder = new URL('../../../docs/events/schemas/', import.meta.url);

/** Checks data against the published schema of its event, as a stranger with a JSON schema library would. */
function publishedSchemas(): (type: string, data: unknown) => string[] {
  const ajv = new Ajv2020({ strict: false, allErrors: true });
  addFormats.default(ajv);
  const files = readdirSync(schemaFolder).filter((file) => file.endsWith('.json'));
  const compiled = new Map(
    files.map((file) => {
      const schema = JSON.parse(readFileSync(new URL(file, schemaFolder), 'utf8'));
      return [file.split('.')[0] ?? '', ajv.compile(schema)];
    }),
  );
  return (type, data) => {
    const validate = compiled.get(type);
    if (validate === undefined) return [`no schema is published for ${type}`];
    return validate(data)
      ? []
      : (validate.errors ?? []).map(({ instancePath, message }) => `${instancePath} ${message}`);
  };
}

describe('an independent consumer', () => {
  let running: TestSystem;
  let target: FreshBucket;
  const findFaults = publishedSchemas();
  beforeAll(async () => {
    [running, target] = await Promise.all([startTestSystem(), freshBucket({ versioning: 'none', prefix: 'kcat' })]);
    const shape = { versions, hotKeyVersions: 30, nullVersions: 20 };
    await generateBucket(target.s3, target.bucket, { shape });
    await running.system.mirror(target.bucket, connectorAccess(target.bucket));
    await running.system.waitUntilLive(target.bucket);
    const mirror = await running.system.gatewayAccess(target.bucket);
    await waitUntilEqual(mirror, connectorAccess(target.bucket), 30_000);
  }, 240_000);
  afterAll(async () => {
    await running?.stop();
    await target?.drop();
  });

  const read = (topic: string) => readTopic(testServers().kafkaBrokers, running.topicPrefix + topic);

  function expectEnvelope(message: KcatMessage, source: string): void {
    const { headers, payload, key } = message;
    expect(headers).toMatchObject({ ce_specversion: '1.0', ce_source: source, 'content-type': 'application/json' });
    expect(headers.ce_id).toMatch(/\S/);
    expect(new Date(headers.ce_time ?? '').getTime()).toBeLessThanOrEqual(Date.now());
    expect(headers.ce_subject).toBe(key);
    expect(findFaults(headers.ce_type ?? '', payload)).toEqual([]);
  }

  it('sees LocationCreated and BucketMirrored, valid against their published schemas, without a secret', async () => {
    const locations = await read('zenko.locations.v1');
    expect(locations.map(({ headers }) => headers.ce_type)).toEqual(['LocationCreated']);
    const buckets = await read('zenko.buckets.v1');
    expect(buckets.map(({ headers }) => headers.ce_type)).toEqual(['BucketMirrored']);
    for (const message of [...locations, ...buckets]) expectEnvelope(message, 'config');
    expect(locations[0]).toMatchObject({
      key: `at-${target.bucket}`,
      payload: { details: { bucketName: target.bucket } },
    });
    expect(buckets[0]).toMatchObject({ key: target.bucket, payload: { bucket: target.bucket, paused: false } });
    const { secretAccessKey, accessKeyId } = testServers().connector;
    expect(JSON.stringify([locations, buckets])).not.toContain(secretAccessKey);
    expect(JSON.stringify(locations[0]?.payload)).not.toContain(`"${accessKeyId}"`);
  });

  it('sees an ObjectChanged for each version, valid against its published schema', async () => {
    const { Versions = [], DeleteMarkers = [] } = await target.s3.send(
      new ListObjectVersionsCommand({ Bucket: target.bucket }),
    );
    const messages = await read('zenko.object-changes.v1');
    for (const message of messages) expectEnvelope(message, 'poller');
    const changes = messages.map(({ payload }) => payload as { key: string; versionId: string; description?: unknown });
    const listed = [...Versions, ...DeleteMarkers].map(({ Key, VersionId }) => `${Key} ${VersionId}`);
    expect(listed).toHaveLength(versions);
    // A description that came later is told in an event of its own.
    const discoveries = changes.filter(({ description }) => description === undefined);
    expect(discoveries.map(({ key, versionId }) => `${key} ${versionId}`).sort()).toEqual(listed.sort());
  });

  it('sees keys of one bucket spread over partitions, and the changes of a key in one', async () => {
    const messages = await read('zenko.object-changes.v1');
    const partitions = Map.groupBy(messages, ({ key }) => key);
    expect([...partitions.values()].every((own) => new Set(own.map(({ partition }) => partition)).size === 1)).toBe(
      true,
    );
    expect(new Set(messages.map(({ partition }) => partition)).size).toBeGreaterThan(1);
  });
});

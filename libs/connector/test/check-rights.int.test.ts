import {
  CreateBucketCommand,
  DeleteObjectCommand,
  ListMultipartUploadsCommand,
  ListObjectVersionsCommand,
  PutBucketPolicyCommand,
  PutBucketVersioningCommand,
  PutObjectCommand,
} from '@aws-sdk/client-s3';
import { freshName } from '@mirror/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Check, checkPrerequisites, describeVersion, EndpointGuard, parseNetworks } from '../src/index.js';
import { installTimeoutMs, type RunningVersitygw, startVersitygw } from './versitygw.js';

const guard = new EndpointGuard(parseNetworks('127.0.0.0/8'));
/** What the documented least-privilege user may do. */
const needed = [
  's3:GetBucketVersioning',
  's3:ListBucket',
  's3:ListBucketVersions',
  's3:GetObject',
  's3:GetObjectVersion',
  's3:GetObjectTagging',
  's3:GetObjectVersionTagging',
  's3:PutObject',
  's3:AbortMultipartUpload',
];
const user = { accessKeyId: 'mirror-user', secretAccessKey: 'mirror-secret' };

let gateway: RunningVersitygw;
const bucket = freshName('rights');

beforeAll(async () => {
  gateway = await startVersitygw();
  await gateway.createUser(user.accessKeyId, user.secretAccessKey);
  await gateway.s3.send(new CreateBucketCommand({ Bucket: bucket }));
  const enabled = { Status: 'Enabled' } as const;
  await gateway.s3.send(new PutBucketVersioningCommand({ Bucket: bucket, VersioningConfiguration: enabled }));
  for (const key of ['a', 'a', 'b', 'c']) {
    await gateway.s3.send(new PutObjectCommand({ Bucket: bucket, Key: key, Body: 'content' }));
  }
}, installTimeoutMs);

afterAll(() => gateway?.stop());

describe('the prerequisites, with the rights of a user', () => {
  it('are fulfilled by the least privilege, at an endpoint with quirks, and leave nothing there', async () => {
    const before = await contents();
    const checks = await checkWithout();
    expect(checks.filter(({ ok }) => ok !== true)).toEqual([]);
    expect(checks.at(-1)).toMatchObject({ name: 'behaviour', detail: expect.stringContaining('repeated') });
    expect(await contents()).toEqual(before);
  });

  it('are fulfilled where the first page holds null versions and delete markers', async () => {
    const marked = freshName('marked');
    const { s3, endpoint, region, owner } = gateway;
    await s3.send(new CreateBucketCommand({ Bucket: marked }));
    const put = (Key: string) => s3.send(new PutObjectCommand({ Bucket: marked, Key, Body: Key }));
    for (const key of ['a', 'b', 'c', 'd', 'e', 'f', 'g']) await put(key);
    const VersioningConfiguration = { Status: 'Enabled' } as const;
    await s3.send(new PutBucketVersioningCommand({ Bucket: marked, VersioningConfiguration }));
    for (const key of ['b', 'd', 'f']) await s3.send(new DeleteObjectCommand({ Bucket: marked, Key: key }));
    for (const key of ['b', 'e']) await put(key);
    const { checks, behaviour } = await checkPrerequisites({ endpoint, region, bucket: marked, ...owner }, { guard });
    expect(checks.filter(({ ok }) => ok !== true)).toEqual([]);
    expect(behaviour?.quirks).toContain('deleteMarkersListedApart');
    // Of a null version that is the latest, this endpoint says 404 to HEAD with its id.
    expect(await describeVersion(s3, marked, 'a', 'null')).toMatchObject({ size: 1, contentType: expect.any(String) });
  });

  it.each([
    ['list', ['s3:ListBucketVersions'], ['list']],
    ['read', ['s3:GetObject', 's3:GetObjectVersion'], ['read']],
    ['write', ['s3:PutObject'], ['write']],
    ['end what it began to write', ['s3:AbortMultipartUpload'], ['write']],
    ['read the versioning', ['s3:GetBucketVersioning'], ['versioning']],
  ])('tell that the user may not %s, and leave nothing there', async (_what, denied, failed) => {
    const before = await contents();
    const checks = await checkWithout(...denied);
    expect(namesOf(checks, false)).toEqual(failed);
    for (const check of checks.filter(({ ok }) => ok === false)) {
      expect(check).toMatchObject({ code: 'S3.ACCESS_DENIED', hint: expect.stringContaining('right') });
    }
    expect(namesOf(checks, true)).toEqual(
      expect.arrayContaining(['endpoint', 'tls', 'clock', 'credentials', 'bucket']),
    );
    expect(await contents()).toEqual(before);
  });

  it("tell another one's bucket by all that is denied there", async () => {
    const checks = await checkWithout(...needed);
    expect(namesOf(checks, false)).toEqual(['versioning', 'list', 'read', 'write']);
    expect(namesOf(checks, null)).toEqual(['behaviour']);
  });
});

async function checkWithout(...denied: string[]): Promise<Check[]> {
  const allowed = needed.filter((action) => !denied.includes(action));
  const statement = (actions: string[], resource: string) => ({
    Effect: 'Allow',
    Principal: { AWS: [user.accessKeyId] },
    Action: actions,
    Resource: resource,
  });
  const ofBucket = (action: string) => action.includes('Bucket');
  const statements = [
    statement(allowed.filter(ofBucket), `arn:aws:s3:::${bucket}`),
    statement(
      allowed.filter((action) => !ofBucket(action)),
      `arn:aws:s3:::${bucket}/*`,
    ),
  ].filter(({ Action }) => Action.length > 0);
  // A policy can't be without a statement: this one allows what is not asked for.
  if (statements.length === 0) statements.push(statement(['s3:GetBucketLocation'], `arn:aws:s3:::${bucket}`));
  const Policy = JSON.stringify({ Version: '2012-10-17', Statement: statements });
  await gateway.s3.send(new PutBucketPolicyCommand({ Bucket: bucket, Policy }));
  const { endpoint, region } = gateway;
  return (await checkPrerequisites({ endpoint, region, bucket, ...user }, { guard })).checks;
}

function namesOf(checks: Check[], ok: boolean | null): string[] {
  return checks.filter((check) => check.ok === ok).map(({ name }) => name);
}

async function contents() {
  const { Versions = [], DeleteMarkers = [] } = await gateway.s3.send(
    new ListObjectVersionsCommand({ Bucket: bucket }),
  );
  const { Uploads = [] } = await gateway.s3.send(new ListMultipartUploadsCommand({ Bucket: bucket }));
  return { versions: Versions, markers: DeleteMarkers, uploads: Uploads };
}

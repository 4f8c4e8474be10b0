import type { Readable } from 'node:stream';
import {
  DeleteObjectCommand,
  DeleteObjectTaggingCommand,
  HeadObjectCommand,
  PutObjectCommand,
  PutObjectTaggingCommand,
  type S3Client,
} from '@aws-sdk/client-s3';
import { canSendPlainly, translateS3Error } from '@mirror/connector';
import type { NamedValues, OperationWhat } from '@mirror/namespace';
import type { Staging } from '@mirror/staging';
import type { Bandwidth } from '../location/bandwidth.js';
import type { ConnectorAccess } from '../location/connector-access.js';
import type { Slots } from '../location/slots.js';
import { listKey } from './list-key.js';
import { objectHeaders, withHeaders } from './request-headers.js';
import { sendStaged } from './staged-body.js';

/** What pushes of one mirror are made with. */
export interface PushContext {
  readonly access: ConnectorAccess;
  readonly staging: Staging;
  readonly bandwidth: Bandwidth;
  /** Operations that are at the connector at the same time. */
  readonly places: Slots;
  readonly partsAtOnce: number;
  /** The key's lease: a request does not outlive it. */
  readonly signal: AbortSignal;
  /** Whether another operation may begin. */
  mayPush(): boolean;
}

export type Put = Extract<OperationWhat, { kind: 'put' }>;
type DeleteVersion = Extract<OperationWhat, { kind: 'deleteVersion' }>;

export interface PutAnswer {
  /** Undefined, or `null` as a word: the bucket's versioning is not enabled any more. */
  readonly versionId: string | undefined;
}

/** As S3 has it where nobody says one. */
const ofUnknownType = { 'content-type': 'application/octet-stream' };

/** One PutObject, with its length and Content-MD5 known beforehand. Bytes that are few go as one, the others are streamed. */
export async function putSingle(context: PushContext, key: string, { content, description }: Put): Promise<PutAnswer> {
  const [part] = content.parts;
  if (!part) throw new Error('an upload without a part');
  const ContentMD5 = Buffer.from(part.md5, 'hex').toString('base64');
  const headers = { ...ofUnknownType, ...objectHeaders(description) };
  const put = (client: S3Client, Bucket: string, Body: Readable | Buffer, abortSignal: AbortSignal) => {
    if (Buffer.isBuffer(Body) && canSendPlainly(headers)) {
      const object = { key, bytes: Body, headers: { ...headers, 'content-md5': ContentMD5 } };
      return context.access.putBytes(client, Bucket, object, abortSignal);
    }
    const command = new PutObjectCommand({ Bucket, Key: key, Body, ContentLength: part.size, ContentMD5 });
    return client.send(withHeaders(command, headers), { abortSignal }).then(({ VersionId }) => VersionId);
  };
  const versionId = await context.access.send((client, bucket) =>
    sendStaged(context.staging, part, context.bandwidth, context.signal, (body, signal) =>
      put(client, bucket, body, signal),
    ),
  );
  return { versionId };
}

/** A delete without a version id: the connector makes a delete marker, or nothing where the key has none of its own. */
export async function putDeleteMarker({ access, signal }: PushContext, Key: string): Promise<PutAnswer> {
  const { VersionId } = await access.send((client, Bucket) =>
    client.send(new DeleteObjectCommand({ Bucket, Key }), { abortSignal: bounded(signal) }),
  );
  return { versionId: VersionId };
}

/**
 * Deletes one version for good; one that is gone is fine. A version without an id of its own (`null`) may have been replaced
 * under its name since the client saw it: it is deleted only while it is the same (rule R12).
 */
export async function deleteVersion(
  context: PushContext,
  Key: string,
  VersionId: string,
  what: DeleteVersion,
): Promise<void> {
  if (VersionId === 'null' && !(await isSameNull(context, Key, what))) return;
  await context.access.send((client, Bucket) =>
    client.send(new DeleteObjectCommand({ Bucket, Key, VersionId }), { abortSignal: bounded(context.signal) }),
  );
}

async function isSameNull(context: PushContext, key: string, what: DeleteVersion): Promise<boolean> {
  const found = what.target === 'version' ? await headNull(context, key) : await listedNull(context, key);
  const isSameTime = found !== undefined && secondsOf(found.lastModified) === secondsOf(what.lastModified);
  return isSameTime && (what.target === 'deleteMarker' || found.etag === what.etag);
}

async function headNull({ access, signal }: PushContext, Key: string) {
  try {
    const head = await access.send((client, Bucket) =>
      client.send(new HeadObjectCommand({ Bucket, Key, VersionId: 'null' }), { abortSignal: bounded(signal) }),
    );
    return { etag: (head.ETag ?? '').replaceAll('"', ''), lastModified: head.LastModified ?? new Date(0) };
  } catch (error) {
    const { status } = translateS3Error(error).context;
    if (status === 404 || status === 405) return undefined;
    throw error;
  }
}

/** HEAD tells no ETag and no time of a delete marker. */
async function listedNull(context: PushContext, key: string) {
  const listed = await listKey(context.access, key, context.signal);
  return listed.find(({ versionId, kind }) => versionId === 'null' && kind === 'deleteMarker');
}

/** HTTP has whole seconds only. */
const secondsOf = (date: Date): number => Math.floor(date.getTime() / 1000);

/** Replaces a version's tags; none: removes them. */
export async function putTags(
  { access, signal }: PushContext,
  Key: string,
  VersionId: string,
  tags: NamedValues,
): Promise<void> {
  const TagSet = tags.map(([name, value]) => ({ Key: name, Value: value }));
  const version = { Key, VersionId };
  await access.send((client, Bucket) => {
    const options = { abortSignal: bounded(signal) };
    if (TagSet.length === 0) return client.send(new DeleteObjectTaggingCommand({ ...version, Bucket }), options);
    return client.send(new PutObjectTaggingCommand({ ...version, Bucket, Tagging: { TagSet } }), options);
  });
}

const REQUEST_MS = 60_000;

const bounded = (signal: AbortSignal): AbortSignal => AbortSignal.any([signal, AbortSignal.timeout(REQUEST_MS)]);

import { GetObjectTaggingCommand } from '@aws-sdk/client-s3';
import type { NamedValues, StoredDescription } from '@mirror/namespace';
import { S3Error } from '../protocol/errors.js';
import { parseTagging } from '../protocol/request-documents.js';
import { type S3Response, xmlResponse } from '../protocol/s3-response.js';
import { checkTags } from '../protocol/tags.js';
import { descriptionIn } from '../protocol/upload-headers.js';
import { group, tag } from '../protocol/xml.js';
import { askConnector } from './ask-connector.js';
import { headContent } from './connector-object.js';
import { type FoundObject, findObject } from './find-object.js';
import type { Call, Operation, Sources } from './operation.js';

type Tags = ReadonlyArray<readonly [name: string, value: string]>;

/** Live, because tags change without a listing showing it; as last described when the connector does not answer. */
export const getObjectTagging: Operation = async (call, sources) => {
  const found = await findObject(call, sources);
  const tags = await currentTags(call, sources, found);
  const answer = xmlResponse(
    'Tagging',
    group('TagSet', ...tags.map(([name, value]) => group('Tag', tag('Key', name), tag('Value', value)))),
  );
  return { ...answer, headers: { ...answer.headers, 'x-amz-version-id': found.document._id.v } };
};

/** A client's own change that is still on its way to the connector is what counts. */
export async function currentTags(call: Call, sources: Sources, found: FoundObject): Promise<Tags> {
  const { description, pending, tagsPending } = found.document;
  if (description !== null && (pending !== undefined || tagsPending !== undefined)) return description.tags;
  try {
    return await askTags(call, sources, found);
  } catch (error) {
    if (error instanceof S3Error && error.code === 'ServiceUnavailable' && description !== null) {
      return description.tags;
    }
    throw error;
  }
}

function askTags(call: Call, sources: Sources, found: FoundObject): Promise<Tags> {
  const { k, v } = found.document._id;
  return askConnector(call, sources, found, async ({ client, bucket, release }) => {
    try {
      const command = new GetObjectTaggingCommand({ Bucket: bucket, Key: k, VersionId: v });
      const { TagSet = [] } = await client.send(command, { abortSignal: call.signal });
      return TagSet.map(({ Key = '', Value = '' }) => [Key, Value] as const);
    } finally {
      release();
    }
  });
}

/** 10 tags of the longest names and values, escaped. */
const MAX_DOCUMENT_BYTES = 65_536;

/** All of an object's tags are replaced. */
export const putObjectTagging: Operation = async (call, sources) => {
  const tags = checkTags(parseTagging(await call.body.text(MAX_DOCUMENT_BYTES)));
  return changeTags(call, sources, tags, 200);
};

export const deleteObjectTagging: Operation = (call, sources) => changeTags(call, sources, [], 204);

async function changeTags(call: Call, sources: Sources, tags: NamedValues, status: number): Promise<S3Response> {
  const found = await findObject(call, sources);
  const { bucket, document } = found;
  const { k: key, v: versionId } = document._id;
  const describedAs = document.description ?? (await describe(call, sources, found));
  await sources.writing.acceptance.accept({
    mirrorId: bucket.mirrorId,
    bucket: bucket.bucket,
    key,
    versionId,
    describedAs,
    decide: (_latest, _sequence, target) => {
      if (target === null) throw found.missing(); // deleted since it was found
      return { kind: 'tag', versionId, tags };
    },
  });
  return { status, headers: { 'x-amz-version-id': versionId } };
}

/** Nobody has yet: what the connector says of it is kept together with the tags. */
async function describe(call: Call, sources: Sources, found: FoundObject): Promise<StoredDescription> {
  const { headers } = await headContent(call, sources, found, {});
  const lists = new Map(Object.entries(headers).map(([name, value]) => [name, [value]]));
  return { ...descriptionIn({ headers: lists }), tags: [] };
}

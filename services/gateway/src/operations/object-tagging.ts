import { GetObjectTaggingCommand } from '@aws-sdk/client-s3';
import { S3Error } from '../protocol/errors.js';
import { xmlResponse } from '../protocol/s3-response.js';
import { group, tag } from '../protocol/xml.js';
import { askConnector } from './ask-connector.js';
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

async function currentTags(call: Call, sources: Sources, found: FoundObject): Promise<Tags> {
  try {
    return await askTags(call, sources, found);
  } catch (error) {
    const { description } = found.document;
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

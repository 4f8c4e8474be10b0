import { Readable } from 'node:stream';
import { GetObjectCommand, HeadObjectCommand } from '@aws-sdk/client-s3';
import { TransientError } from '@mirror/runtime';
import { S3Error } from '../protocol/errors.js';
import { askConnector } from './ask-connector.js';
import type { FoundObject } from './find-object.js';
import type { Call, Sources } from './operation.js';
import type { Selection } from './selection.js';

/** The connector's answer: headers by name in lower case, as they came. */
export interface ConnectorAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
}

/**
 * Opens a version's content. Nothing is buffered: the body is read as fast as its reader takes it, and destroying it ends the
 * connector's answer. Rejects as `askConnector` does.
 */
export function openContent(
  call: Call,
  sources: Sources,
  found: FoundObject,
  selection: Selection,
  ifMatch: string | undefined,
): Promise<ConnectorAnswer & { readonly body: Readable }> {
  return askConnector(call, sources, found, async ({ client, bucket, release }) => {
    const command = new GetObjectCommand({ ...input(bucket, found, selection), IfMatch: ifMatch });
    const headers: Record<string, string> = {};
    command.middlewareStack.add(captureInto(headers), CAPTURE);
    try {
      const output = await client.send(command, { abortSignal: call.signal });
      if (!(output.Body instanceof Readable)) throw new TransientError('No body', { code: 'S3.UNKNOWN' });
      output.Body.once('close', release);
      return { status: output.$metadata.httpStatusCode ?? 200, headers, body: output.Body };
    } catch (error) {
      release();
      throw error;
    }
  });
}

const CAPTURE = { step: 'deserialize', name: 'captureHeaders', priority: 'low' } as const;

/**
 * What HEAD says of a version. Its 404 has no words, and could mean the bucket, or come from a proxy: it is believed only when
 * GET says the same.
 */
export async function headContent(
  call: Call,
  sources: Sources,
  found: FoundObject,
  selection: Selection,
): Promise<ConnectorAnswer> {
  try {
    return await askHead(call, sources, found, selection);
  } catch (error) {
    if (error instanceof S3Error && error.status === 404) {
      const { body } = await openContent(call, sources, found, {}, undefined);
      body.destroy();
    }
    throw error;
  }
}

function askHead(call: Call, sources: Sources, found: FoundObject, selection: Selection): Promise<ConnectorAnswer> {
  return askConnector(call, sources, found, async ({ client, bucket, release }) => {
    const command = new HeadObjectCommand(input(bucket, found, selection));
    const headers: Record<string, string> = {};
    command.middlewareStack.add(captureInto(headers), CAPTURE);
    try {
      const output = await client.send(command, { abortSignal: call.signal });
      return { status: output.$metadata.httpStatusCode ?? 200, headers };
    } finally {
      release();
    }
  });
}

function input(bucket: string, { document }: FoundObject, { range, partNumber }: Selection) {
  return {
    Bucket: bucket,
    Key: document._id.k,
    VersionId: document._id.v,
    Range: range && `bytes=${range.first}-${range.last}`,
    PartNumber: partNumber,
  };
}

/** A middleware that keeps the answer's headers: the SDK parses them and drops what it does not know; a gateway must not. */
function captureInto(captured: Record<string, string>) {
  return <Args, Result extends { response: unknown }>(next: (args: Args) => Promise<Result>) =>
    async (args: Args): Promise<Result> => {
      const result = await next(args);
      const { response } = result;
      if (typeof response === 'object' && response !== null && 'headers' in response) {
        Object.assign(captured, response.headers);
      }
      return result;
    };
}

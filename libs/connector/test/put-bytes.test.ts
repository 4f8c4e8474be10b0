import type { IncomingMessage, ServerResponse } from 'node:http';
import { PutObjectCommand, type S3Client } from '@aws-sdk/client-s3';
import { afterEach, describe, expect, it } from 'vitest';
import { createConnectorClient, EndpointGuard, parseNetworks, putBytes } from '../src/index.js';
import { httpEndpoint, type LocalEndpoint, tcpEndpoint } from './misbehaving-endpoints.js';

const guard = new EndpointGuard(parseNetworks('127.0.0.0/8'));
const bytes = Buffer.from('the bytes');
const object = { key: 'some/key', bytes, headers: { 'content-md5': 'GsSB3sCYLmPP4M9jiDDqJg==' } };

const clients: S3Client[] = [];
afterEach(() => {
  for (const client of clients.splice(0)) client.destroy();
});

function clientOf({ url }: LocalEndpoint): S3Client {
  const target = { endpoint: `${url}/base`, region: 'us-east-1', bucket: 'b', accessKeyId: 'a', secretAccessKey: 's' };
  const client = createConnectorClient(target, { guard, requestTimeoutMs: 1000 });
  clients.push(client);
  return client;
}

interface Received {
  readonly url: string | undefined;
  readonly headers: IncomingMessage['headers'];
  readonly body: string;
}

async function receiving(received: Received[]): Promise<LocalEndpoint> {
  return httpEndpoint(async (request, response) => {
    let body = '';
    for await (const chunk of request) body += chunk;
    received.push({ url: request.url, headers: request.headers, body });
    response.writeHead(200, { 'x-amz-version-id': 'v1', date: 'Thu, 01 Jan 2026 00:00:00 GMT' }).end();
  });
}

describe('bytes that are put past the SDK', () => {
  it.each([
    'plain',
    'a b+c%d&e=f?g#h',
    'ü/猫/\u{1F408}',
    '/lead//double/',
    "marks!'()*~-_.",
    'dots/../and/./more',
    '\u0001',
  ])('arrive under the key %j as those that the SDK puts', async (key) => {
    const received: Received[] = [];
    await using server = await receiving(received);
    const client = clientOf(server);
    const headers = {
      ...object.headers,
      'content-type': 'text/plain',
      'x-amz-meta-one': '',
      'x-amz-tagging': 'a=b%20c',
    };
    expect(await putBytes(client, 'photos', { key, bytes, headers })).toEqual({
      versionId: 'v1',
      date: 'Thu, 01 Jan 2026 00:00:00 GMT',
    });
    const input = { ContentType: 'text/plain', ContentMD5: headers['content-md5'], Metadata: { one: '' } };
    await client.send(new PutObjectCommand({ Bucket: 'photos', Key: key, Body: bytes, Tagging: 'a=b%20c', ...input }));
    const [own, sdks] = received;
    expect(own?.url).toBe(sdks?.url?.replace('?x-id=PutObject', ''));
    expect(own?.body).toBe('the bytes');
    const sent = ['content-type', 'content-md5', 'content-length', 'x-amz-meta-one', 'x-amz-tagging', 'host'];
    for (const name of sent) expect([name, own?.headers[name]]).toEqual([name, sdks?.headers[name]]);
  });

  it.each<[string, (response: ServerResponse) => void]>([
    ['200', (response) => response.end()],
    ['204', (response) => response.writeHead(204).end()],
  ])('have no version id where %s tells none', async (_, answer) => {
    await using server = await httpEndpoint((_request, response) => answer(response));
    expect((await putBytes(clientOf(server), 'photos', object)).versionId).toBeUndefined();
  });

  it.each([
    ['the connection is cut', '', 'S3.UNREACHABLE'],
    [
      'another protocol is spoken',
      'HTTP/1.1 101 Switching Protocols\r\nupgrade: x\r\nconnection: upgrade\r\n\r\n',
      'S3.UNREACHABLE',
    ],
    ['nothing is answered', undefined, 'S3.TIMEOUT'],
  ])('may have been stored, whatever is said, where %s', async (_, answer, code) => {
    await using server = await tcpEndpoint((socket) =>
      socket.once('data', () => answer !== undefined && socket.end(answer)),
    );
    const failure = await putBytes(clientOf(server), 'photos', object).catch((error: unknown) => error);
    expect(failure).toMatchObject({ name: 'TransientError', code });
    expect((failure as { context: { status?: number } }).context.status).toBeUndefined();
  });

  it.each([400, 404, 413])('were asked of something that is no S3 where %d comes with a text', async (status) => {
    await using server = await httpEndpoint((_, response) =>
      response.writeHead(status, { 'content-type': 'text/plain' }).end('404 page not found'),
    );
    await expect(putBytes(clientOf(server), 'photos', object)).rejects.toMatchObject({ code: 'S3.NOT_S3' });
  });

  it('leave no connection behind that was answered before they were read', async () => {
    const large = { ...object, bytes: Buffer.alloc(8 * 1024 * 1024) };
    const closed = Promise.withResolvers<void>();
    let readOn = () => {};
    await using server = await tcpEndpoint((socket) => {
      socket.on('close', () => closed.resolve());
      socket.once('data', () => {
        socket.pause();
        readOn = () => socket.resume();
        socket.write('HTTP/1.1 503 Slow\r\ncontent-length: 0\r\n\r\n');
      });
    });
    await expect(putBytes(clientOf(server), 'photos', large)).rejects.toMatchObject({ context: { status: 503 } });
    readOn();
    await closed.promise;
  });

  it('are refused in the connector’s words', async () => {
    const body = '<Error><Code>SlowDown</Code><Message>later</Message></Error>';
    await using server = await httpEndpoint((_, response) => response.writeHead(503, { 'retry-after': '7' }).end(body));
    await expect(putBytes(clientOf(server), 'photos', object)).rejects.toMatchObject({
      name: 'TransientError',
      context: { status: 503, s3Code: 'SlowDown' },
      retryAfterMs: 7_000,
    });
  });
});

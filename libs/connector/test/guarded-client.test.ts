import { createHash } from 'node:crypto';
import type { ServerResponse } from 'node:http';
import { setImmediate } from 'node:timers/promises';
import { ListBucketsCommand, PutObjectCommand, type S3Client } from '@aws-sdk/client-s3';
import { afterEach, describe, expect, it } from 'vitest';
import {
  createConnectorClient,
  EndpointGuard,
  listVersionsPage,
  parseNetworks,
  translateS3Error,
} from '../src/index.js';
import { httpEndpoint, httpsEndpoint, type LocalEndpoint, tcpEndpoint } from './misbehaving-endpoints.js';

const nothingListed = new EndpointGuard([]);
const loopback = new EndpointGuard(parseNetworks('127.0.0.0/8'));
const empty = '<ListAllMyBucketsResult><Buckets/></ListAllMyBucketsResult>';

const whole = '<ListVersionsResult><IsTruncated>false</IsTruncated></ListVersionsResult>';

const clients: S3Client[] = [];
afterEach(() => {
  for (const client of clients.splice(0)) client.destroy();
});

function clientOf(endpoint: string, guard: EndpointGuard, requestTimeoutMs = 2000): S3Client {
  const target = { endpoint, region: 'us-east-1', bucket: 'any', accessKeyId: 'any', secretAccessKey: 'any' };
  const client = createConnectorClient(target, { guard, requestTimeoutMs });
  clients.push(client);
  return client;
}

async function codeOf(client: S3Client): Promise<string> {
  return client.send(new ListBucketsCommand({})).then(
    () => 'answered',
    (error: unknown) => translateS3Error(error).code,
  );
}

describe('a connector client', () => {
  it.each(['127.0.0.1', '2130706433', '0x7f.1', '0177.0.0.1', '127.1', 'localhost', '[::ffff:127.0.0.1]'])(
    'makes no connection to %s when the guard refuses it',
    async (host) => {
      await using server = await httpEndpoint((_, response) => response.end(empty));
      expect(await codeOf(clientOf(`http://${host}:${server.port}`, nothingListed))).toBe('ENDPOINT.REFUSED');
      expect(server.connections()).toBe(0);
    },
  );

  it('makes none over TLS either', async () => {
    await using server = await httpsEndpoint('trusted', (_, response) => response.end(empty));
    for (const host of ['127.0.0.1', 'localhost']) {
      expect(await codeOf(clientOf(`https://${host}:${server.port}`, nothingListed))).toBe('ENDPOINT.REFUSED');
    }
    expect(server.connections()).toBe(0);
  });

  it('makes none for an upload that asks first (Expect), for which the SDK has agents of its own', async () => {
    await using server = await httpEndpoint((_, response) => response.end());
    const client = clientOf(`http://127.0.0.1:${server.port}`, nothingListed);
    const put = new PutObjectCommand({ Bucket: 'any-bucket', Key: 'key', Body: Buffer.alloc(4 * 1024 * 1024) });
    await expect(client.send(put)).rejects.toMatchObject({ code: 'ENDPOINT.REFUSED' });
    expect(server.connections()).toBe(0);
  });

  it('connects where the guard allows it, and to the very address that was checked', async () => {
    await using server = await httpEndpoint((_, response) => response.end(empty));
    const answers = ['127.0.0.1', '169.254.169.254'];
    const asked: string[] = [];
    const rebinding = new EndpointGuard(parseNetworks('127.0.0.0/8'), async (name) => {
      asked.push(name);
      return [{ address: answers.shift() ?? '169.254.169.254', family: 4 }];
    });
    expect(await codeOf(clientOf(`http://rebinding.example:${server.port}`, rebinding))).toBe('answered');
    expect(asked).toEqual(['rebinding.example']);
    // A connection of its own asks again, and is refused by what the name has become.
    expect(await codeOf(clientOf(`http://rebinding.example:${server.port}`, rebinding))).toBe('ENDPOINT.REFUSED');
    expect(server.connections()).toBe(1);
  });

  it.each([301, 302, 307, 308])('follows no redirect (%i)', async (status) => {
    await using elsewhere = await httpEndpoint((_, response) => response.end(empty));
    await using server = await httpEndpoint((_, response) =>
      response.writeHead(status, { location: elsewhere.url, 'x-amz-bucket-region': 'eu-west-1' }).end(),
    );
    expect(await codeOf(clientOf(server.url, loopback))).toBe('S3.REDIRECT');
    expect(elsewhere.connections()).toBe(0);
  });

  it('tries each request once', async () => {
    let requests = 0;
    await using server = await httpEndpoint((_, response) => {
      requests += 1;
      response.writeHead(503).end('<Error><Code>SlowDown</Code></Error>');
    });
    expect(await codeOf(clientOf(server.url, loopback))).toBe('S3.THROTTLED');
    expect(requests).toBe(1);
  });

  it.each<[string, () => Promise<LocalEndpoint>, string]>([
    ['never answers', () => tcpEndpoint(() => {}), 'S3.TIMEOUT'],
    [
      'drips its headers',
      () => tcpEndpoint((socket) => drip(socket, 'HTTP/1.1 200 OK\r\nx-a: '.padEnd(9999, 'a'))),
      'S3.TIMEOUT',
    ],
    [
      'drips its body',
      () => tcpEndpoint((socket) => drip(socket, `HTTP/1.1 200 OK\r\n\r\n${'<a/>'.repeat(999)}`, 19)),
      'S3.TIMEOUT',
    ],
    ['sends without end', () => httpEndpoint((_, response) => flood(response)), 'S3.TOO_LARGE'],
    ['fails without end', () => httpEndpoint((_, response) => flood(response.writeHead(500))), 'S3.TOO_LARGE'],
    ['closes at once', () => tcpEndpoint((socket) => socket.destroy()), 'S3.UNREACHABLE'],
    ['speaks another protocol', () => tcpEndpoint((socket) => socket.end('220 mail.example ESMTP\r\n')), 'S3.NOT_S3'],
  ])('ends by itself when the endpoint %s', async (_what, start, code) => {
    await using server = await start();
    expect(await codeOf(clientOf(server.url, loopback, timeoutFor(code)))).toBe(code);
  });
});

/** Milliseconds. What is to end by something else has time for it on any machine. */
const timeoutFor = (code: string): number => (code === 'S3.TIMEOUT' ? 500 : 20_000);

/** One character each 20 ms, after the first `atOnce`. */
function drip(socket: import('node:net').Socket, text: string, atOnce = 0): void {
  socket.write(text.slice(0, atOnce));
  let at = atOnce;
  const timer = setInterval(() => socket.write(text[at++ % text.length] ?? ''), 20);
  socket.on('close', () => clearInterval(timer));
}

/** Up to 1.5 MB, each its own. */
function bodyOf(index: number): Buffer {
  const filling = Array.from({ length: index * 5_000 }, (_, at) => `<a>${index + at * 7}</a>`);
  return Buffer.from(`<ListVersionsResult>${filling.join('')}</ListVersionsResult>`);
}

/** By its length or in chunks; in one piece, or many that arrive apart. */
async function sendInPieces(response: ServerResponse, body: Buffer, index: number): Promise<void> {
  if (index % 2 === 0) response.setHeader('content-length', body.length);
  const size = [body.length, 70_000, 1_000, 33_333][index % 4] ?? body.length;
  for (let at = 0; at < body.length; at += size) {
    response.write(body.subarray(at, at + size));
    if (at % 3 === 0) await setImmediate();
  }
  response.end();
}

function changeProtocol(socket: import('node:net').Socket): void {
  const head = 'HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\nupgrade: other\r\n\r\n';
  socket.once('data', () => socket.write(head));
}

function flood(response: ServerResponse): void {
  const chunk = Buffer.alloc(64 * 1024, 'a');
  const write = () => {
    while (!response.destroyed && response.write(chunk));
  };
  response.on('drain', write);
  write();
}

describe('a listing by a connector client', () => {
  it.each<[string, () => Promise<LocalEndpoint>, string]>([
    ['never answers', () => tcpEndpoint(() => {}), 'S3.TIMEOUT'],
    [
      'drips its body',
      () => tcpEndpoint((socket) => drip(socket, `HTTP/1.1 200 OK\r\n\r\n${'<a/>'.repeat(999)}`, 19)),
      'S3.TIMEOUT',
    ],
    ['sends without end', () => httpEndpoint((_, response) => flood(response)), 'S3.TOO_LARGE'],
    ['fails without end', () => httpEndpoint((_, response) => flood(response.writeHead(500))), 'S3.TOO_LARGE'],
    ['closes at once', () => tcpEndpoint((socket) => socket.destroy()), 'S3.UNREACHABLE'],
    ['speaks another protocol', () => tcpEndpoint((socket) => socket.end('220 mail.example ESMTP\r\n')), 'S3.NOT_S3'],
    ['changes the protocol', () => tcpEndpoint(changeProtocol), 'S3.NOT_S3'],
    ['redirects', () => httpEndpoint((_, response) => response.writeHead(307, { location: '/' }).end()), 'S3.REDIRECT'],
  ])('ends by itself when the endpoint %s', async (_what, start, code) => {
    await using server = await start();
    const client = clientOf(server.url, loopback, timeoutFor(code));
    await expect(listVersionsPage(client, 'any', { maxKeys: 1 })).rejects.toMatchObject({ code });
  });

  it('has every byte as it was sent, in whatever pieces, on many connections at once', async () => {
    const bodies = Array.from({ length: 24 }, (_, index) => bodyOf(index));
    await using server = await httpEndpoint((request, response) => {
      const index = Number(new URL(request.url ?? '', 'http://any').searchParams.get('prefix'));
      void sendInPieces(response, bodies[index] ?? Buffer.alloc(0), index);
    });
    const client = clientOf(server.url, loopback, 20_000);
    const list = async (index: number) =>
      (await listVersionsPage(client, 'any', { maxKeys: 1, prefix: `${index}` })).hash;
    const hashes = bodies.map((body) => createHash('sha256').update(body).digest('hex'));
    for (let round = 0; round < 3; round += 1) {
      expect(await Promise.all(bodies.map((_, index) => list(index)))).toEqual(hashes);
    }
  });

  it('ends an idle connection before the endpoint does that says when', async () => {
    const endedBy = Promise.withResolvers<'client' | 'endpoint'>();
    await using server = await httpEndpoint((request, response) => {
      request.socket.once('end', () => endedBy.resolve('client')).once('close', () => endedBy.resolve('endpoint'));
      response.setHeader('keep-alive', 'timeout=2').end(whole);
    });
    await listVersionsPage(clientOf(server.url, loopback), 'any', { maxKeys: 1 });
    expect(await endedBy.promise).toBe('client');
  });

  it('is made to no address that the guard refuses, by name or as it is', async () => {
    await using server = await httpEndpoint((_, response) => response.end());
    for (const host of ['127.0.0.1', 'localhost', '[::ffff:127.0.0.1]']) {
      const client = clientOf(`http://${host}:${server.port}`, nothingListed);
      await expect(listVersionsPage(client, 'any', { maxKeys: 1 })).rejects.toMatchObject({ code: 'ENDPOINT.REFUSED' });
    }
    expect(server.connections()).toBe(0);
  });

  it('ends when its caller calls it off, before it is sent and while it waits', async () => {
    await using server = await tcpEndpoint(() => {});
    const client = clientOf(server.url, loopback);
    for (const signal of [AbortSignal.abort(), AbortSignal.timeout(100)]) {
      const listed = listVersionsPage(client, 'any', { maxKeys: 1 }, signal);
      await expect(listed).rejects.toMatchObject({ code: 'S3.ABORTED' });
    }
  });

  it('signs listings by the endpoint’s clock once it was told that its own is wrong', async () => {
    const hourAhead = () => new Date(Date.now() + 3_600_000);
    const signedAt: string[] = [];
    await using server = await httpEndpoint((request, response) => {
      signedAt.push(String(request.headers['x-amz-date']));
      response.writeHead(403, { date: hourAhead().toUTCString(), 'content-type': 'application/xml' });
      response.end('<Error><Code>RequestTimeTooSkewed</Code><Message>too skewed</Message></Error>');
    });
    const client = clientOf(`http://127.0.0.1:${server.port}`, loopback);
    const list = () => listVersionsPage(client, 'any', { maxKeys: 1 }).catch(({ code }) => code as string);
    expect(await list()).toBe('S3.CLOCK');
    await list();
    const stampOf = (time: Date) => time.toISOString().replaceAll(/[-:]/g, '').slice(0, 11);
    expect(signedAt.map((at) => at.slice(0, 11))).toEqual([stampOf(new Date()), stampOf(hourAhead())]);
  });
});

import { readFileSync } from 'node:fs';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { S3Client } from '@aws-sdk/client-s3';
import { afterEach, describe, expect, it } from 'vitest';
import {
  createConnectorClient,
  describeVersion,
  EndpointGuard,
  headVersion,
  type ListedVersion,
  listVersions,
  listVersionsPage,
  parseNetworks,
} from '../src/index.js';
import { httpEndpoint, type LocalEndpoint, tcpEndpoint } from './misbehaving-endpoints.js';

const guard = new EndpointGuard(parseNetworks('127.0.0.0/8'));
const recorded = (name: string) => readFileSync(new URL(`samples/s3-connector/${name}`, import.meta.url), 'utf8');
const whole = recorded('versions-all.xml');

const clients: S3Client[] = [];
afterEach(() => {
  for (const client of clients.splice(0)) client.destroy();
});

function clientOf({ url: endpoint }: LocalEndpoint): S3Client {
  const target = { endpoint, region: 'us-east-1', bucket: 'samples', accessKeyId: 'any', secretAccessKey: 'any' };
  const client = createConnectorClient(target, { guard, requestTimeoutMs: 1000 });
  clients.push(client);
  return client;
}

type Answer = (query: URLSearchParams, response: ServerResponse, request: IncomingMessage) => void;
const answering = (answer: Answer) =>
  httpEndpoint((request, response) => answer(new URL(request.url ?? '', 'http://any').searchParams, response, request));

describe('an answer to ListObjectVersions', () => {
  it.each<[string, Answer]>([
    ['cut before its announced length', (_, response) => cut(response, { 'content-length': `${whole.length + 9}` })],
    ['cut within its chunks', (_, response) => cut(response, { 'transfer-encoding': 'chunked' })],
    ['whole by its length, but not by its end', (_, response) => response.end(whole.slice(0, -3))],
    ['cut in the middle of an entry', (_, response) => response.end(whole.slice(0, 900))],
    ['cut in its first line', (_, response) => response.end(whole.slice(0, 4))],
    ['empty', (_, response) => response.end()],
  ])('is S3.TRUNCATED and transient when %s', async (_what, answer) => {
    await using server = await answering(answer);
    await expect(listVersionsPage(clientOf(server), 'samples', { maxKeys: 9 })).rejects.toMatchObject({
      name: 'TransientError',
      code: 'S3.TRUNCATED',
    });
  });

  it('is cut when the connection just ends', async () => {
    const head = 'HTTP/1.1 200 OK\r\nconnection: close\r\n\r\n';
    await using server = await tcpEndpoint((socket) =>
      socket.once('data', () => socket.end(head + whole.slice(0, 700))),
    );
    await expect(listVersionsPage(clientOf(server), 'samples', { maxKeys: 9 })).rejects.toMatchObject({
      code: 'S3.TRUNCATED',
    });
  });

  it.each<[string, string, Answer]>([
    ['a web page', 'S3.NOT_S3', (_, response) => response.end('<!doctype html><html></html>')],
    ['another success', 'S3.NOT_S3', (_, response) => response.writeHead(204).end()],
    ['an error after its headers', 'S3.UNAVAILABLE', (_, response) => response.end(errorXml('InternalError'))],
    ['a slow-down after its headers', 'S3.THROTTLED', (_, response) => response.end(errorXml('SlowDown'))],
  ])('is no listing when it is %s: %s', async (_what, code, answer) => {
    await using server = await answering(answer);
    await expect(listVersionsPage(clientOf(server), 'samples', { maxKeys: 9 })).rejects.toMatchObject({ code });
  });

  it.each(['access-key', 'denied', 'no-bucket', 'signature'])('is read as S3 Connector refuses: %s', async (name) => {
    const status = Number(recorded(`error-${name}.head`).split('\n')[1]);
    await using server = await answering((_, response) =>
      response.writeHead(status).end(recorded(`error-${name}.xml`)),
    );
    const codes = {
      'access-key': 'ACCESS_KEY',
      denied: 'ACCESS_DENIED',
      'no-bucket': 'NO_SUCH_BUCKET',
      signature: 'SIGNATURE',
    };
    await expect(listVersionsPage(clientOf(server), 'samples', { maxKeys: 9 })).rejects.toMatchObject({
      code: `S3.${codes[name as keyof typeof codes]}`,
    });
  });

  it('is asked for URL-encoded, and what was asked goes out as it is', async () => {
    let asked = new URLSearchParams();
    await using server = await answering((query, response) => {
      asked = query;
      response.end(whole);
    });
    const request = { keyMarker: 'a b/日[minio_cache:v2,return:]', versionIdMarker: 'null', maxKeys: 7, prefix: 'a+' };
    await listVersionsPage(clientOf(server), 'samples', request);
    expect(Object.fromEntries(asked)).toMatchObject({
      'encoding-type': 'url',
      'key-marker': request.keyMarker,
      'version-id-marker': 'null',
      'max-keys': '7',
      prefix: 'a+',
    });
  });
});

describe('a listing over several pages', () => {
  it("walks S3 Connector's recorded pages, to an empty last one", async () => {
    const pages: Record<string, string> = {
      '': 'versions-page-1',
      'dot/../y': 'versions-page-2',
      overwritten: 'versions-page-3',
      'suspended-delete': 'versions-page-4',
    };
    await using server = await answering((query, response) =>
      response.end(recorded(`${pages[query.get('key-marker') ?? '']}.xml`)),
    );
    const all = await listVersionsOf(server);
    expect(all).toHaveLength(25);
    await using full = await answering((query, response) =>
      response.end(recorded(`versions-${query.has('key-marker') ? 'empty-after-full' : 'full-last-page'}.xml`)),
    );
    expect(await listVersionsOf(full)).toEqual(all);
  });

  it.each<[string, string[][]]>([
    [
      'gives the same markers again',
      [
        ['a', '1'],
        ['a', '1'],
      ],
    ],
    [
      'goes back to an earlier key',
      [
        ['b', '1'],
        ['a', '1'],
      ],
    ],
    [
      'goes round in a key',
      [
        ['a', '1'],
        ['a', '2'],
        ['a', '1'],
        ['a', '2'],
        ['a', '1'],
      ],
    ],
  ])('is told when the endpoint %s', async (_what, markers) => {
    let requests = 0;
    await using server = await answering((_, response) => {
      const [key = '', id = ''] = markers[requests % markers.length] ?? [];
      requests += 1;
      response.end(listing([[key, `v${requests}`]], [key, id]));
    });
    await expect(listVersionsOf(server)).rejects.toMatchObject({ code: 'S3.BAD_LISTING' });
    expect(requests).toBeLessThanOrEqual(5);
  });

  it('goes on when an endpoint lists a key anew whose marker was deleted, and gives nothing twice', async () => {
    const pages = [
      listing(
        [
          ['a', '1'],
          ['a', '2'],
        ],
        ['a', '2'],
      ),
      listing(
        [
          ['a', '3'],
          ['a', '4'],
        ],
        ['a', '4'],
      ),
      listing(
        [
          ['a', '1'],
          ['a', '2'],
        ],
        ['a', '2'],
      ),
      listing([
        ['a', '3'],
        ['a', '5'],
        ['b', '1'],
      ]),
    ];
    await using server = await answering((_, response) => response.end(pages.shift()));
    expect((await listVersionsOf(server)).map(({ key, versionId }) => key + versionId)).toEqual([
      'a1',
      'a2',
      'a3',
      'a4',
      'a5',
      'b1',
    ]);
  });

  it('says which page goes back, within itself or against the one before', async () => {
    const pages = [
      listing([['b', '1']], ['b', '1']),
      listing([['a', '1']], ['c', '1']),
      listing([
        ['d', '1'],
        ['c', '1'],
      ]),
    ];
    await using server = await answering((_, response) => response.end(pages.shift()));
    const kept: boolean[] = [];
    for await (const { orderKept } of listVersions(clientOf(server), 'samples')) kept.push(orderKept);
    expect(kept).toEqual([true, false, false]);
  });

  it('reads on where an endpoint that orders by UTF-16 could still list keys of the range', async () => {
    const pages = [
      listing([['\u{10000}', '1']], ['\u{10000}', '1']),
      listing([
        ['\uffee', '1'],
        ['\u{10001}', '1'],
      ]),
    ];
    await using server = await answering((_, response) => response.end(pages.shift()));
    const listed: string[] = [];
    for await (const { versions } of listVersions(clientOf(server), 'samples', { until: '\uffee' })) {
      listed.push(...versions.map(({ key }) => key));
    }
    expect(listed).toEqual(['\uffee']);
  });

  it('asks again for a page that fails for a moment, three times in all', async () => {
    let requests = 0;
    await using server = await answering((_, response) => {
      requests += 1;
      if (requests < 3) response.writeHead(503).end(errorXml('SlowDown'));
      else response.end(whole);
    });
    expect(await listVersionsOf(server)).toHaveLength(25);
    await using down = await answering((_, response) => {
      requests += 1;
      response.writeHead(500).end(errorXml('InternalError'));
    });
    requests = 0;
    await expect(listVersionsOf(down)).rejects.toMatchObject({ code: 'S3.UNAVAILABLE' });
    expect(requests).toBe(3);
  });

  it('does not ask again for what is refused, nor sooner than the endpoint wants', async () => {
    let requests = 0;
    await using server = await answering((_, response) => {
      requests += 1;
      if (requests === 1) response.writeHead(403).end(errorXml('AccessDenied'));
      else response.writeHead(503, { 'retry-after': '60' }).end(errorXml('SlowDown'));
    });
    await expect(listVersionsOf(server)).rejects.toMatchObject({ code: 'S3.ACCESS_DENIED' });
    await expect(listVersionsOf(server)).rejects.toMatchObject({ code: 'S3.THROTTLED', retryAfterMs: 60_000 });
    expect(requests).toBe(2);
  });
});

describe('a version asked for at an endpoint', () => {
  it("is described from S3 Connector's recorded answers", async () => {
    await using server = await answering((query, response) => {
      const name = query.has('tagging') ? 'tagging' : 'head-object';
      for (const line of recorded(`${name}.head`).trim().split('\n').slice(2)) {
        const [header = '', value = ''] = line.split(/: (.*)/s);
        if (!/^(connection|transfer-encoding|date)$/i.test(header)) response.setHeader(header, value);
      }
      response.end(query.has('tagging') ? recorded('tagging.xml') : '');
    });
    expect(await describeVersion(clientOf(server), 'samples', 'zero', '3938')).toEqual({
      etag: 'd41d8cd98f00b204e9800998ecf8427e',
      size: 0,
      lastModified: '2026-11-22T15:24:11.000Z',
      contentType: 'text/plain',
      headers: {},
      metadata: { colour: 'red' },
      tags: { team: 'a', n: '1' },
    });
  });

  it.each<[string, string, number, string]>([
    ["a proxy's 404 to all", 'S3.NOT_S3', 404, '<html><body>404'],
    ['a missing bucket', 'S3.NO_SUCH_BUCKET', 404, errorXml('NoSuchBucket')],
    ['a denial', 'S3.ACCESS_DENIED', 403, errorXml('AccessDenied')],
    ['a server error', 'S3.UNAVAILABLE', 500, errorXml('InternalError')],
  ])('is never gone by %s', async (_what, code, status, body) => {
    const headers = { 'content-type': body.startsWith('<html') ? 'text/html' : 'application/xml' };
    await using server = await answering((_, response) => response.writeHead(status, headers).end(body));
    await expect(headVersion(clientOf(server), 'samples', 'a', '1')).rejects.toMatchObject({ code });
  });

  it.each(['NoSuchKey', 'NoSuchVersion'])('is gone by %s', async (code) => {
    await using server = await answering((_, response) => response.writeHead(404).end(errorXml(code)));
    expect(await headVersion(clientOf(server), 'samples', 'a', '1')).toBe('gone');
    expect(await describeVersion(clientOf(server), 'samples', 'a', '1')).toEqual({ gone: true });
  });

  it('is not gone when HEAD and GET disagree', async () => {
    await using server = await answering((_, response, { method }) =>
      response.writeHead(method === 'HEAD' ? 404 : 200).end('c'),
    );
    await expect(headVersion(clientOf(server), 'samples', 'a', '1')).rejects.toMatchObject({ code: 'S3.CONFLICT' });
  });
});

function cut(response: ServerResponse, headers: Record<string, string>): void {
  response.writeHead(200, headers).write(whole.slice(0, 800), () => response.destroy());
}

function errorXml(code: string): string {
  return `<?xml version="1.0" encoding="UTF-8"?><Error><Code>${code}</Code><Message>no</Message></Error>`;
}

function listing(versions: string[][], next?: string[]): string {
  const entries = versions.map(
    ([key, id]) =>
      `<Version><Key>${key}</Key><VersionId>${id}</VersionId><IsLatest>true</IsLatest><LastModified>2026-01-01T00:00:00Z</LastModified><Size>1</Size></Version>`,
  );
  const markers = next
    ? `<NextKeyMarker>${next[0]}</NextKeyMarker><NextVersionIdMarker>${next[1]}</NextVersionIdMarker>`
    : '';
  return `<ListVersionsResult><IsTruncated>${next !== undefined}</IsTruncated>${markers}${entries.join('')}</ListVersionsResult>`;
}

async function listVersionsOf(server: LocalEndpoint): Promise<ListedVersion[]> {
  const listed: ListedVersion[] = [];
  for await (const { versions } of listVersions(clientOf(server), 'samples')) listed.push(...versions);
  return listed;
}

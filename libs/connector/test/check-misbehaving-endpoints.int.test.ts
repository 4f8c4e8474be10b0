import type { ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { getCACertificates, setDefaultCACertificates } from 'node:tls';
import { type FreshBucket, freshBucket, testServers } from '@mirror/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Check, checkPrerequisites, EndpointGuard, parseNetworks } from '../src/index.js';
import {
  certificate,
  httpEndpoint,
  httpsEndpoint,
  type LocalEndpoint,
  tcpEndpoint,
  tlsProxy,
} from './misbehaving-endpoints.js';

const guard = new EndpointGuard(parseNetworks('127.0.0.0/8'));
const deadlineMs = 2000;
let bucket: FreshBucket;

beforeAll(async () => {
  // Beside the authorities that are trusted anyway, as NODE_EXTRA_CA_CERTS would add it.
  setDefaultCACertificates([...getCACertificates('default'), certificate('authority')]);
  bucket = await freshBucket({ prefix: 'checks-tls' });
});

afterAll(() => bucket.drop());

async function checkAt(endpoint: string): Promise<Check[]> {
  const startedAt = performance.now();
  const { checks } = await checkPrerequisites(
    { ...testServers().connector, endpoint, bucket: bucket.bucket },
    { guard, deadlineMs },
  );
  expect(performance.now() - startedAt).toBeLessThan(deadlineMs);
  return checks;
}

/** The failed check; all before it are fulfilled, all after it were not tried. */
function onlyFailure(checks: Check[]): Check | undefined {
  const at = checks.findIndex(({ ok }) => ok === false);
  expect(checks.slice(at + 1).filter(({ ok }) => ok === false)).toEqual([]);
  return checks[at];
}

const html = '<!doctype html><html><head><meta charset=utf-8><title>Welcome</title></head><body>It works<br></html>';
const error = (code: string) => `<?xml version="1.0"?><Error><Code>${code}</Code><Message>no</Message></Error>`;

describe('an endpoint over TLS', () => {
  it('is fulfilled when its certificate is trusted, by address and by name', async () => {
    await using proxy = await tlsProxy('trusted', testServers().connector.endpoint);
    for (const host of ['127.0.0.1', 'localhost']) {
      const checks = await checkAt(`https://${host}:${proxy.port}`);
      expect(checks.filter(({ ok }) => ok !== true)).toEqual([]);
    }
  });

  it.each([
    ['self-signed', 'S3.TLS_UNTRUSTED', /NODE_EXTRA_CA_CERTS/],
    ['expired', 'S3.TLS_EXPIRED', /Renew/],
    ['other-name', 'S3.TLS_NAME', /name/],
  ])('is told when its certificate is %s', async (name, code, hint) => {
    await using proxy = await tlsProxy(name, testServers().connector.endpoint);
    expect(onlyFailure(await checkAt(proxy.url))).toMatchObject({
      name: 'tls',
      code,
      hint: expect.stringMatching(hint),
    });
  });

  it('is told when the port speaks plain HTTP', async () => {
    const endpoint = testServers().connector.endpoint.replace('http:', 'https:');
    expect(onlyFailure(await checkAt(endpoint))).toMatchObject({
      name: 'tls',
      code: 'S3.TLS_MISMATCH',
      hint: expect.stringContaining('http://'),
    });
  });

  it('is told when the port does not finish greeting', async () => {
    await using server = await tcpEndpoint(() => {});
    expect(onlyFailure(await checkAt(`https://127.0.0.1:${server.port}`))).toMatchObject({
      name: 'tls',
      code: 'S3.TIMEOUT',
    });
  });
});

describe('an endpoint over plain HTTP whose port speaks TLS', () => {
  it.each<[string, () => Promise<LocalEndpoint>]>([
    ['and closes', () => httpsEndpoint('self-signed', (_, response) => response.end())],
    ['before a connector', () => tlsProxy('trusted', testServers().connector.endpoint)],
  ])('is told %s', async (_what, start) => {
    await using server = await start();
    expect(onlyFailure(await checkAt(`http://127.0.0.1:${server.port}`))).toMatchObject({
      name: 'tls',
      code: 'S3.TLS_MISMATCH',
      hint: expect.stringContaining(`https://127.0.0.1:${server.port}`),
    });
  });
});

describe('something else than S3', () => {
  it.each<[string, () => Promise<LocalEndpoint>, string]>([
    ['a web page', () => answering(200, html, 'text/html'), 'S3.NOT_S3'],
    ['a web page that was not found', () => answering(404, html, 'text/html'), 'S3.NOT_S3'],
    ['a page that asks for a password', () => answering(401, '', 'text/plain'), 'S3.NOT_S3'],
    ['JSON', () => answering(200, '{"ok":true}', 'application/json'), 'S3.NOT_S3'],
    ['JSON that says no', () => answering(400, '{"ok":false}', 'application/json'), 'S3.NOT_S3'],
    ['nothing, with 200', () => answering(200, '', 'text/plain'), 'S3.NOT_S3'],
    ['nothing, with 204', () => answering(204, '', 'text/plain'), 'S3.NOT_S3'],
    ['nothing, with 404', () => answering(404, '', 'text/plain'), 'S3.NOT_S3'],
    ['XML of another kind', () => answering(200, '<rss version="2.0"></rss>', 'application/xml'), 'S3.NOT_S3'],
    ['a redirect', () => redirecting(302), 'S3.REDIRECT'],
    ['a permanent redirect', () => redirecting(308), 'S3.REDIRECT'],
    ["a load balancer's 502", () => answering(502, html, 'text/html'), 'S3.UNAVAILABLE'],
    ['a mail server', () => tcpEndpoint((socket) => socket.end('220 mail.example ESMTP\r\n')), 'S3.NOT_S3'],
    ['a closed door', () => tcpEndpoint((socket) => socket.destroy()), 'S3.UNREACHABLE'],
    ['silence', () => tcpEndpoint(() => {}), 'S3.TIMEOUT'],
    ['headers drop by drop', () => tcpEndpoint((socket) => drip(socket, 'HTTP/1.1 200 OK\r\n')), 'S3.TIMEOUT'],
    ['a body drop by drop', () => httpEndpoint((_, response) => dripBody(response)), 'S3.TIMEOUT'],
    ['a body without end', () => httpEndpoint((_, response) => flood(response)), 'S3.TOO_LARGE'],
  ])('is told by %s within the deadline, with a hint', async (_what, start, code) => {
    await using server = await start();
    expect(onlyFailure(await checkAt(server.url))).toMatchObject({
      name: 'endpoint',
      code,
      detail: expect.stringMatching(/\w/),
      hint: expect.stringMatching(/\w/),
    });
  });
});

describe('an endpoint that starts well', () => {
  const enabled = '<VersioningConfiguration><Status>Enabled</Status></VersioningConfiguration>';
  const isVersioning = (url = '') => url.includes('versioning') || url.includes('?versioning');

  it('and then never answers is told by what was asked, within the deadline', async () => {
    await using server = await httpEndpoint(({ url }, response) => {
      if (isVersioning(url)) response.end(enabled);
    });
    const checks = await checkAt(server.url);
    expect(checks.filter(({ ok }) => ok === false).map(({ name, code }) => `${name} ${code}`)).toEqual([
      'list S3.TIMEOUT',
      'read S3.TIMEOUT',
      'write S3.TIMEOUT',
    ]);
  });

  it('and has a clock of its own is told, though it accepts the requests', async () => {
    await using server = await httpEndpoint(({ url }, response) => {
      response.setHeader('date', new Date(Date.now() - 600_000).toUTCString());
      if (isVersioning(url)) response.end(enabled);
      else response.writeHead(403).end(error('AccessDenied'));
    });
    const clock = (await checkAt(server.url)).find(({ name }) => name === 'clock');
    expect(clock).toMatchObject({ ok: false, code: 'S3.CLOCK', detail: expect.stringContaining('10 minutes behind') });
  });

  it('and lists something that is no listing is told', async () => {
    await using server = await httpEndpoint(({ url = '' }, response) => {
      if (isVersioning(url)) response.end(enabled);
      else if (url.includes('versions')) response.end(html);
      else response.writeHead(404).end(error('NoSuchKey'));
    });
    const list = (await checkAt(server.url)).find(({ name }) => name === 'list');
    expect(list).toMatchObject({ ok: false, code: 'S3.NOT_S3' });
  });

  it('and leaves versions out after a marker is told', async () => {
    await using server = await httpEndpoint(({ url = '' }, response) => {
      if (isVersioning(url)) response.end(enabled);
      else if (url.includes('versions')) response.end(forgetfulListing(new URL(url, 'http://any')));
      else response.writeHead(404).end(error('NoSuchKey'));
    });
    const behaviour = (await checkAt(server.url)).find(({ name }) => name === 'behaviour');
    expect(behaviour).toMatchObject({ ok: false, code: 'S3.BAD_LISTING', detail: expect.stringContaining('"k3"') });
  });
});

/** Six keys; after a marker it goes on one key too late. */
function forgetfulListing({ searchParams }: URL): string {
  const after = searchParams.get('key-marker') ?? '';
  const keys = ['k0', 'k1', 'k2', 'k3', 'k4', 'k5'].filter((key) => key > after).slice(after === '' ? 0 : 1);
  const page = keys.slice(0, Number(searchParams.get('max-keys')));
  const versions = page.map(
    (key) =>
      `<Version><Key>${key}</Key><VersionId>1</VersionId><IsLatest>true</IsLatest><LastModified>2026-01-01T00:00:00Z</LastModified><Size>1</Size></Version>`,
  );
  const next = `<NextKeyMarker>${page.at(-1)}</NextKeyMarker><NextVersionIdMarker>1</NextVersionIdMarker>`;
  const isTruncated = page.length < keys.length;
  return `<ListVersionsResult><IsTruncated>${isTruncated}</IsTruncated>${isTruncated ? next : ''}${versions.join('')}</ListVersionsResult>`;
}

function answering(status: number, body: string, type: string): Promise<LocalEndpoint> {
  return httpEndpoint((_, response) => response.writeHead(status, { 'content-type': type }).end(body));
}

function redirecting(status: number): Promise<LocalEndpoint> {
  return httpEndpoint((_, response) => response.writeHead(status, { location: 'http://127.0.0.1:9/' }).end());
}

function drip(socket: Socket, start: string): void {
  socket.write(start);
  const timer = setInterval(() => socket.write('a'), 20);
  socket.on('close', () => clearInterval(timer));
}

function dripBody(response: ServerResponse): void {
  response.write('<VersioningConfiguration>');
  const timer = setInterval(() => response.write(' '), 20);
  response.on('close', () => clearInterval(timer));
}

function flood(response: ServerResponse): void {
  const chunk = Buffer.alloc(64 * 1024, ' ');
  const write = () => {
    while (!response.destroyed && response.write(chunk));
  };
  response.on('drain', write);
  write();
}

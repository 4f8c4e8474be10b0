import { Readable } from 'node:stream';
import { createLogger, createMetrics } from '@mirror/runtime';
import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify';
import { Test } from '@nestjs/testing';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { GatewayModule } from './gateway.module.js';
import type { S3Response } from './protocol/s3-response.js';
import { RequestServer, type Served } from './serve-request.js';

/** The module as Nest builds it, with canned answers behind the controller: what becomes of them on the way out. */

const answers: Record<string, S3Response> = {
  GET: { status: 206, headers: { 'content-length': '5', 'x-amz-meta-a': 'b' }, body: Readable.from(['by', 'tes']) },
  HEAD: { status: 200, headers: { 'content-length': '12345', etag: '"e"' } },
  PUT: { status: 501, headers: { 'content-type': 'application/xml' }, body: '<Error/>' },
  DELETE: { status: 304, headers: { etag: '"e"' } },
};

class CannedServer extends RequestServer {
  override async serve({ method = '' }: { method?: string }): Promise<Served> {
    return { operation: `Canned${method}`, response: answers[method] ?? { status: 500, headers: {} } };
  }
}

let app: NestFastifyApplication;
beforeAll(async () => {
  const logger = createLogger('test', 'silent');
  const runtime = { logger, metrics: createMetrics('gateway'), readiness: [], serviceToken: 'a-service-token' };
  const server: RequestServer = Object.create(CannedServer.prototype);
  const testing = await Test.createTestingModule({ imports: [GatewayModule.register(runtime, server)] }).compile();
  app = testing.createNestApplication<NestFastifyApplication>(new FastifyAdapter({ exposeHeadRoutes: false }));
  await app.init();
  await app.getHttpAdapter().getInstance().ready();
});
afterAll(() => app.close());

it('a stream goes out under its own headers', async () => {
  const { statusCode, headers, body } = await app.inject({ method: 'GET', url: '/s3' });
  expect([statusCode, body, headers['content-length'], headers['x-amz-meta-a']]).toEqual([206, 'bytes', '5', 'b']);
});

it('a HEAD tells the length of what it does not send', async () => {
  const { statusCode, headers, body } = await app.inject({ method: 'HEAD', url: '/s3' });
  expect([statusCode, body, headers['content-length'], headers.etag]).toEqual([200, '', '12345', '"e"']);
});

it('a document has its length, and "not modified" has none', async () => {
  const document = await app.inject({ method: 'PUT', url: '/s3' });
  expect([document.statusCode, document.body, document.headers['content-length']]).toEqual([501, '<Error/>', '8']);
  const notModified = await app.inject({ method: 'DELETE', url: '/s3' });
  expect([notModified.statusCode, notModified.body, notModified.headers['content-length']]).toEqual([
    304,
    '',
    undefined,
  ]);
});

it('health is beside it, and operations are counted', async () => {
  expect((await app.inject({ method: 'GET', url: '/livez' })).json()).toEqual({ status: 'ok' });
  const { body } = await app.inject({ method: 'GET', url: '/metrics' });
  expect(body).toMatch(/gateway_requests_total\{operation="CannedHEAD",status="200"/);
});

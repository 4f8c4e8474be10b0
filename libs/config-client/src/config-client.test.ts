import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ConfigClient } from './config-client.js';

const bucket = {
  name: 'photos',
  locationConstraint: 'ring-paris:ingest',
  location: 'ring-paris',
  mirrorId: 'm-1',
  createdAt: '2030-01-01T00:00:00.000Z',
};
const problem = { status: 409, code: 'BUCKET.UPLOADS_WAITING', detail: '3 uploads wait.', hint: 'Wait.' };

describe('changes of buckets, asked of the config service', () => {
  let server: Server;
  let client: ConfigClient;
  let answer: { status: number; body?: object | string } = { status: 500 };
  const asked: string[] = [];

  beforeAll(async () => {
    server = createServer(async (request, response) => {
      const chunks: Buffer[] = [];
      for await (const chunk of request) chunks.push(chunk);
      asked.push(`${request.method} ${request.url} ${request.headers.authorization} ${Buffer.concat(chunks)}`);
      response.statusCode = answer.status;
      response.end(typeof answer.body === 'object' ? JSON.stringify(answer.body) : answer.body);
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    client = new ConfigClient(`http://127.0.0.1:${(server.address() as AddressInfo).port}`, 'the-token');
  });
  afterAll(() => new Promise((resolve) => server.close(resolve)));

  it('answer the bucket that was made', async () => {
    answer = { status: 201, body: { ...bucket, paused: false } };
    expect(await client.createBucket('photos', 'ring-paris:ingest')).toEqual({ kind: 'created', bucket });
    expect(asked.at(-1)).toBe(
      'POST /internal/v1/buckets Bearer the-token {"name":"photos","locationConstraint":"ring-paris:ingest"}',
    );
  });

  it('answer a detach, which has no body', async () => {
    answer = { status: 204 };
    expect(await client.detachBucket('photos')).toEqual({ kind: 'detached' });
    expect(asked.at(-1)).toBe('DELETE /internal/v1/buckets/photos Bearer the-token ');
  });

  it('answer a refusal with its code', async () => {
    answer = { status: 409, body: problem };
    expect(await client.detachBucket('photos')).toEqual({ kind: 'refused', ...problem });
  });

  it.each([
    { status: 503, body: { ...problem, status: 503 } },
    { status: 401, body: problem },
    { status: 409, body: 'no JSON' },
    { status: 409, body: {} },
    { status: 201, body: { name: 'photos' } },
  ])('reject for now when the answer is $status $body', async (given) => {
    answer = given;
    await expect(client.createBucket('photos', 'a:ingest')).rejects.toMatchObject({ code: 'CONFIG.UNAVAILABLE' });
  });
});

import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { waitFor } from '@mirror/testing';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { locationOn } from './connector-bucket.js';
import { startTestConfig, type TestConfig } from './running-config.js';

/** An endpoint that answers nothing until it is told to. */
let endpoint: Server;
let waiting: (() => void)[];
let config: TestConfig;

beforeEach(async () => {
  waiting = [];
  endpoint = createServer((_request, response) => {
    waiting.push(() => response.writeHead(403).end('<html></html>'));
  });
  await new Promise<void>((resolve) => endpoint.listen(0, '127.0.0.1', resolve));
  config = await startTestConfig();
});
afterEach(async () => {
  endpoint.closeAllConnections();
  endpoint.close();
  await config.database.drop();
});

const callInFlight = async () => {
  const url = `http://127.0.0.1:${(endpoint.address() as AddressInfo).port}`;
  const body = locationOn('photos', 'ring-paris', { endpoint: url });
  const answer = config.call('POST', '/v1/locations', { body });
  await waitFor(() => waiting.length > 0, { what: 'the check to ask the endpoint' });
  return { answer };
};

it('a stop takes no more calls, and lets those in flight end', async () => {
  const { answer } = await callInFlight();
  const stopped = config.service.stop();
  const refused = () =>
    fetch(`${config.service.url}/livez`).then(
      () => false,
      () => true,
    );
  await waitFor(refused, { what: 'new calls to be refused' });
  for (const answerNow of waiting) answerNow();
  expect((await answer).body).toMatchObject({ status: 422, checks: [{ code: 'S3.NOT_S3' }] });
  await stopped;
});

it('a stop does not wait for an endpoint that never answers', async () => {
  const { answer } = await callInFlight();
  const began = performance.now();
  await config.service.stop();
  expect(performance.now() - began).toBeLessThan(9_000);
  expect((await answer).body).toMatchObject({ status: 503, code: 'CONFIG.STOPPING' });
});

import type { IncomingMessage } from 'node:http';
import { PassThrough } from 'node:stream';
import { expect, it } from 'vitest';
import { endTruncated, IncomingBody } from './incoming-body.js';

/** A request of the looks that the body reads: a stream with headers. */
function received(headers: Readonly<Record<string, string>>, stallMs = 60_000) {
  const stream = new PassThrough();
  const incoming = Object.assign(stream, { headers, complete: true }) as unknown as IncomingMessage;
  const said: string[] = [];
  const response = { writeContinue: () => said.push('continue') };
  return { stream, incoming, said, body: new IncomingBody(incoming, response, stallMs) };
}

async function read(body: IncomingBody): Promise<string> {
  const pieces: Buffer[] = [];
  for await (const piece of body) pieces.push(piece);
  return Buffer.concat(pieces).toString();
}

it('asks for a body when it is first read, once', async () => {
  const { stream, said, body } = received({ 'content-length': '5', expect: '100-continue' });
  expect([said, body.isWithheld, body.mustCloseAfter]).toEqual([[], true, true]);
  const reading = read(body);
  stream.end('bytes');
  expect(await reading).toBe('bytes');
  expect([said, body.isWithheld, body.mustCloseAfter]).toEqual([['continue'], false, false]);
});

it('reads nothing where nothing is announced', async () => {
  const { body } = received({ 'content-length': '0' });
  expect(await read(body)).toBe('');
});

it('gives up a client that sends nothing', async () => {
  const { stream, body } = received({ 'content-length': '5' }, 20);
  stream.write('by');
  await expect(read(body)).rejects.toMatchObject({ code: 'RequestTimeout' });
});

it.each([
  ['its connection ended, before it was read', true],
  ['its connection ended, while it was read', false],
])('ends when %s', async (_when, before) => {
  const { stream, incoming, body } = received({ 'content-length': '5' });
  if (before) endTruncated(incoming);
  const reading = read(body);
  stream.write('by');
  if (!before) setImmediate(() => endTruncated(incoming));
  await expect(reading).rejects.toMatchObject({ code: 'IncompleteBody' });
  expect(body.mustCloseAfter).toBe(true);
});

it('ends when the client is gone', async () => {
  const { stream, body } = received({ 'transfer-encoding': 'chunked' });
  stream.write('by');
  setImmediate(() => stream.destroy());
  await expect(read(body)).rejects.toMatchObject({ code: 'IncompleteBody' });
});

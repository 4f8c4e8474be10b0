import { PassThrough } from 'node:stream';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { endWhenStalled } from './end-when-stalled.js';

const response = { socket: { bytesWritten: 0 }, writableNeedDrain: false };
let body: PassThrough;

beforeEach(() => {
  vi.useFakeTimers();
  body = new PassThrough();
  body.on('error', () => {});
  response.writableNeedDrain = false;
  endWhenStalled(body, response, 1_000);
});
afterEach(() => vi.useRealTimers());

it('ends a body from which nothing comes while the client waits', () => {
  vi.advanceTimersByTime(1_999);
  expect(body.destroyed).toBe(false);
  vi.advanceTimersByTime(1);
  expect(body.destroyed).toBe(true);
});

it('leaves one alone that makes progress, or whose client is slow', () => {
  for (let round = 0; round < 5; round += 1) {
    response.socket.bytesWritten += 1;
    vi.advanceTimersByTime(1_000);
  }
  response.writableNeedDrain = true;
  vi.advanceTimersByTime(10_000);
  expect(body.destroyed).toBe(false);
  body.destroy();
});

import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type RequestListener, type Server } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { engineAnswers } from './engine-answers.js';

let folder: string;
let engine: Server | undefined;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'engine-'));
});
afterEach(() => {
  engine?.closeAllConnections();
  engine?.close();
  engine = undefined;
  rmSync(folder, { recursive: true });
});

async function listen(listener: RequestListener): Promise<string> {
  const socket = join(folder, 'docker.sock');
  engine = createServer(listener);
  await new Promise<void>((resolve) => engine?.listen(socket, resolve));
  return `unix://${socket}`;
}

test('an engine that answers its ping is one', async () => {
  const asked: unknown[] = [];
  const host = await listen(({ url }, response) => {
    asked.push(url);
    response.end('OK');
  });
  expect(await engineAnswers(host)).toBe(true);
  expect(asked).toEqual(['/_ping']);
});

test('one that hangs, is not well, or is not there, is none', async () => {
  expect(await engineAnswers(`unix://${folder}/nothing.sock`)).toBe(false);
  const answers = ['unwell', 'hanging'];
  const host = await listen((_request, response) => {
    if (answers.shift() === 'unwell') response.writeHead(500).end();
  });
  expect(await engineAnswers(host)).toBe(false);
  expect(await engineAnswers(host)).toBe(false);
});

test('one across the network is none of ours', async () => {
  expect(await engineAnswers('tcp://127.0.0.1:2375')).toBe(false);
});

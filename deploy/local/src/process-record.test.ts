import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { identifyProcess, isRunning } from './process-identity.js';
import { ProcessRecord } from './process-record.js';

let folder: string;
let file: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'record-'));
  file = join(folder, 'processes.json');
});
afterEach(() => rmSync(folder, { recursive: true }));

const gone = { pid: process.pid, startTime: '1' };

test('without a record nothing runs and nothing is left over', async () => {
  expect(new ProcessRecord(file).runningLauncher()).toBeNull();
  expect(await new ProcessRecord(file).endLeftovers()).toBe(0);
});

test('a launcher that runs is named', () => {
  new ProcessRecord(file).write();
  expect(new ProcessRecord(file).runningLauncher()).toBe(process.pid);
});

test('what a killed launcher left is ended, and a stranger with a recorded pid is not', async () => {
  const left = spawn('sleep', ['60']);
  const stranger = spawn('sleep', ['60']);
  const leftIdentity = identifyProcess(left.pid ?? 0);
  const strangerIdentity = identifyProcess(stranger.pid ?? 0);
  const children = [leftIdentity, { ...strangerIdentity, startTime: '1' }];
  writeFileSync(file, JSON.stringify({ launcher: gone, children }));
  const record = new ProcessRecord(file);
  expect(record.runningLauncher()).toBeNull();
  expect(await record.endLeftovers()).toBe(1);
  expect(isRunning(leftIdentity)).toBe(false);
  expect(isRunning(strangerIdentity)).toBe(true);
  stranger.kill('SIGKILL');
});

test('a broken record, of a crash while it was written, counts as none', async () => {
  writeFileSync(file, '{"launcher":');
  expect(new ProcessRecord(file).runningLauncher()).toBeNull();
  expect(await new ProcessRecord(file).endLeftovers()).toBe(0);
});

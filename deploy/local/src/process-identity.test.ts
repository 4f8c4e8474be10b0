import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { expect, test } from 'vitest';
import { identifyProcess, isRunning, parentOf, parseStat, signalProcess } from './process-identity.js';

test('a running process is recognised by pid and start time', () => {
  const me = identifyProcess(process.pid);
  expect(isRunning(me)).toBe(true);
  expect(parentOf(process.pid)).toBe(process.ppid);
});

test('a pid that was given to another process since is not the recorded one, and gets no signal', () => {
  const earlier = { pid: process.pid, startTime: '1' };
  expect(isRunning(earlier)).toBe(false);
  expect(signalProcess(earlier, 'SIGKILL')).toBe(false);
});

test('an ended process does not run', async () => {
  const child = spawn('sleep', ['60']);
  const identity = identifyProcess(child.pid ?? 0);
  expect(isRunning(identity)).toBe(true);
  expect(signalProcess(identity, 'SIGKILL')).toBe(true);
  await once(child, 'exit');
  expect(isRunning(identity)).toBe(false);
});

test('a command name with blanks and brackets does not shift the fields', () => {
  const tail = Array.from({ length: 17 }, (_, index) => String(index)).join(' ');
  expect(parseStat(`7 (a) (b c) S 5 ${tail} 4242 0`)).toEqual({ state: 'S', parent: 5, startTime: '4242' });
});

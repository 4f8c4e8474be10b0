import { TransientError } from '@mirror/runtime';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { RequestWindow } from './request-window.js';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

const sleep = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms));
const timedOut = () => new TransientError('too late', { code: 'S3.TIMEOUT' });

/** An endpoint that works on so many requests at once as if they were one after the other. */
function endpoint(msAlone: number, timeoutMs: number) {
  const state = { underWay: 0, most: 0, answered: 0, failed: 0 };
  const send = async () => {
    state.underWay += 1;
    state.most = Math.max(state.most, state.underWay);
    const ms = msAlone * state.underWay;
    try {
      await sleep(Math.min(ms, timeoutMs));
      if (ms > timeoutMs) throw timedOut();
      state.answered += 1;
    } finally {
      state.underWay -= 1;
    }
  };
  return { state, send };
}

async function load(window: RequestWindow, send: () => Promise<void>, workers: number, ms: number): Promise<void> {
  const end = Date.now() + ms;
  const work = async () => {
    while (Date.now() < end) await window.run(send).catch(() => undefined);
  };
  const all = Array.from({ length: workers }, work);
  await vi.advanceTimersByTimeAsync(ms + 60_000);
  await Promise.all(all);
}

describe('the window of listings under way', () => {
  it('opens to its most where the endpoint stays quick', async () => {
    const window = new RequestWindow(16, () => Date.now());
    const { state, send } = endpoint(1, 10_000);
    await load(window, send, 40, 2_000);
    expect([state.most, window.limitNow]).toEqual([16, 16]);
  });

  it('stays where an endpoint that gets slower the more it is asked still answers in time', async () => {
    const window = new RequestWindow(48, () => Date.now());
    const { state, send } = endpoint(1_000, 10_000);
    await load(window, send, 48, 300_000);
    expect(state.answered).toBeGreaterThan(200);
    expect(state.most).toBeLessThan(8);
  });

  it('is halved once by all that was under way when it was too much', async () => {
    const window = new RequestWindow(8, () => Date.now());
    const { send } = endpoint(1, 10_000);
    await load(window, send, 20, 1_000);
    const late = Array.from({ length: 8 }, () => window.run(() => Promise.reject(timedOut())).catch(() => undefined));
    await vi.advanceTimersByTimeAsync(10);
    await Promise.all(late);
    expect(window.limitNow).toBe(4);
  });

  it('lets one go in any case', async () => {
    const window = new RequestWindow(4, () => Date.now());
    for (let failure = 0; failure < 10; failure += 1) {
      await window.run(() => Promise.reject(timedOut())).catch(() => undefined);
    }
    expect(window.limitNow).toBe(1);
    await expect(window.run(async () => 'answer')).resolves.toBe('answer');
  });

  it('takes other failures for no sign of overload', async () => {
    const window = new RequestWindow(4, () => Date.now());
    const gone = new TransientError('gone', { code: 'S3.UNREACHABLE' });
    await window.run(() => Promise.reject(gone)).catch(() => undefined);
    expect(window.limitNow).toBe(4);
  });
});

import { describe, expect, it } from 'vitest';
import { KeyQueue } from './key-queue.js';
import type { KeyState } from './push-key.js';

/** A queue whose work the test ends, one by one. */
function queueOf({ atOnce = 2, together = 1, maxWaiting = 10 } = {}) {
  const running = new Map<string, (state: KeyState) => void>();
  const begun: string[] = [];
  const gate = { open: true, now: 0 };
  const queue = new KeyQueue({
    atOnce,
    together,
    maxWaiting,
    mayBegin: () => gate.open,
    work: (key, retries) => {
      begun.push(`${key}${retries}`);
      const { promise, resolve } = Promise.withResolvers<KeyState>();
      running.set(key, resolve);
      return promise;
    },
    now: () => gate.now,
  });
  const end = async (key: string, state: KeyState = { kind: 'idle' }) => {
    running.get(key)?.(state);
    await Promise.resolve();
    await Promise.resolve();
  };
  return { queue, begun, gate, end };
}

describe('the keys of a mirror', () => {
  it('begin together where several are to: as soon as there is room for as many, and without waiting for others', async () => {
    const { queue, begun, end } = queueOf({ atOnce: 4, together: 2 });
    for (const key of ['a', 'b', 'c', 'd', 'e', 'f', 'g']) queue.nudge(key);
    expect(begun).toEqual(['a0', 'b0', 'c0']); // each alone while there is room for two
    await end('a');
    expect(begun).toEqual(['a0', 'b0', 'c0', 'd0', 'e0']);
    await end('b');
    expect(begun).toHaveLength(5);
    await end('c');
    expect(begun).toEqual(['a0', 'b0', 'c0', 'd0', 'e0', 'f0', 'g0']);
  });

  it('are worked at by one each, as many at once as are allowed, in their order', async () => {
    const { queue, begun, end } = queueOf();
    for (const key of ['a', 'b', 'c', 'a']) queue.nudge(key);
    expect(begun).toEqual(['a0', 'b0']);
    await end('b');
    expect(begun).toEqual(['a0', 'b0', 'c0']);
    await end('a');
    expect(begun).toEqual(['a0', 'b0', 'c0', 'a0']); // nudged while it was worked at
  });

  it('come back when they are due, whoever nudges them meanwhile', async () => {
    const { queue, begun, gate, end } = queueOf();
    queue.nudge('a');
    await end('a', { kind: 'later', afterMs: 1_000, retries: 3 });
    queue.nudge('a');
    expect(begun).toEqual(['a0']);
    gate.now = 1_000;
    queue.pump();
    expect(begun).toEqual(['a0', 'a3']);
    await end('a');
  });

  it('are all looked at when what they wait for has changed', async () => {
    const { queue, begun, end } = queueOf();
    queue.nudge('a');
    await end('a', { kind: 'later', afterMs: 60_000, retries: 1 });
    queue.wakeAll();
    expect(begun).toEqual(['a0', 'a1']);
    await end('a');
  });

  it('do not begin while nothing may, and begin when it may', () => {
    const { queue, begun, gate } = queueOf();
    gate.open = false;
    queue.nudge('a');
    expect(begun).toEqual([]);
    gate.open = true;
    queue.pump();
    expect(begun).toEqual(['a0']);
  });

  it('are bounded: what finds no place is brought by the sweep', () => {
    const { queue } = queueOf({ atOnce: 1, maxWaiting: 2 });
    for (let key = 0; key < 100; key++) queue.nudge(String(key));
    expect(queue.size).toBe(3);
  });

  it('end before the queue is drained', async () => {
    const { queue, begun, end } = queueOf();
    queue.nudge('a');
    let drained = false;
    const draining = queue.drain().then(() => {
      drained = true;
    });
    await Promise.resolve();
    expect(drained).toBe(false);
    await end('a');
    await draining;
    expect(begun).toEqual(['a0']);
  });
});

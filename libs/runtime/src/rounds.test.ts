import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { Rounds } from './rounds.js';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

/** Rounds that end when the test says so. */
class Gated {
  begun = 0;
  readonly errors: unknown[] = [];
  signal: AbortSignal | undefined;
  end: (error?: Error) => void = () => {};
  readonly rounds = new Rounds({
    round: (signal) => {
      this.begun += 1;
      this.signal = signal;
      return new Promise<void>((resolve, reject) => {
        this.end = (error) => (error ? reject(error) : resolve());
      });
    },
    intervalMs: () => 1_000,
    onError: (error) => this.errors.push(error),
  });
}

const settle = () => vi.advanceTimersByTimeAsync(0);

it('has a round at once, and the next a while after its end, however long it took', async () => {
  const gated = new Gated();
  gated.rounds.start();
  gated.rounds.start();
  expect(gated.begun).toBe(1);
  await vi.advanceTimersByTimeAsync(5_000);
  expect(gated.begun).toBe(1);
  gated.end();
  await vi.advanceTimersByTimeAsync(999);
  expect(gated.begun).toBe(1);
  await vi.advanceTimersByTimeAsync(1);
  expect(gated.begun).toBe(2);
});

it('goes on after a round that failed, and says so', async () => {
  const gated = new Gated();
  gated.rounds.start();
  const error = new Error('away');
  gated.end(error);
  await vi.advanceTimersByTimeAsync(1_000);
  expect(gated.errors).toEqual([error]);
  expect(gated.begun).toBe(2);
});

it('asks after each round how long to pause', async () => {
  const pauses = [10, 5_000];
  let begun = 0;
  const round = async () => {
    begun += 1;
  };
  const rounds = new Rounds({ round, intervalMs: () => pauses[begun - 1] ?? 0, onError: () => {} });
  rounds.start();
  await vi.advanceTimersByTimeAsync(10);
  expect(begun).toBe(2);
  await vi.advanceTimersByTimeAsync(4_999);
  expect(begun).toBe(2);
  await rounds.stop();
});

it('hurries: one round more, at once or right after the one that runs', async () => {
  const gated = new Gated();
  gated.rounds.start();
  gated.rounds.hurry();
  gated.rounds.hurry();
  gated.end();
  await settle();
  expect(gated.begun).toBe(2);
  gated.end();
  await settle();
  expect(gated.begun).toBe(2);
  gated.rounds.hurry();
  await settle();
  expect(gated.begun).toBe(3);
});

it('stops when the round that runs has ended, which is told by its signal, and begins none after', async () => {
  const gated = new Gated();
  gated.rounds.start();
  let isStopped = false;
  const stopped = gated.rounds.stop().then(() => {
    isStopped = true;
  });
  await settle();
  expect([isStopped, gated.signal?.aborted]).toEqual([false, true]);
  gated.end();
  await stopped;
  gated.rounds.hurry();
  gated.rounds.start();
  await vi.advanceTimersByTimeAsync(10_000);
  expect(gated.begun).toBe(1);
});

it('stops at once in its pause, and never begins when it is stopped before', async () => {
  const gated = new Gated();
  gated.rounds.start();
  gated.end();
  await settle();
  await gated.rounds.stop();
  const never = new Gated();
  await never.rounds.stop();
  never.rounds.start();
  expect([gated.begun, never.begun]).toEqual([1, 0]);
});

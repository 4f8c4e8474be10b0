import { describe, expect, it } from 'vitest';
import { Stir } from './stir.js';

describe('Stir', () => {
  const never = new AbortController().signal;

  it('ends a wait', async () => {
    const stir = new Stir();
    const waiting = stir.wait(60_000, never);
    stir.now();
    await waiting;
  });

  it('ends the next wait when nobody waits, once', async () => {
    const stir = new Stir();
    stir.now();
    await stir.wait(60_000, never);
    let ended = false;
    const waiting = stir.wait(60_000, never).then(() => (ended = true));
    await new Promise(setImmediate);
    expect(ended).toBe(false);
    stir.now();
    await waiting;
  });

  it('ends a wait when the work is called off', async () => {
    const abort = new AbortController();
    const waiting = new Stir().wait(60_000, abort.signal);
    abort.abort();
    await waiting;
    await new Stir().wait(60_000, abort.signal);
  });
});

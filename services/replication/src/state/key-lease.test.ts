import { describe, expect, it } from 'vitest';
import { KeyLease } from './key-lease.js';

const key = {
  _id: { m: 'mirror', k: 'key' },
  holder: 'me',
  epoch: 1,
  leaseUntil: new Date(0),
  doneSequence: 0,
  outcome: null,
};

describe('a lease', () => {
  it('is over for a process that was stopped, though its timers have not run yet', async () => {
    let now = 0;
    const lease = new KeyLease(
      async () => true,
      key,
      'me',
      0,
      () => now,
    ).start();
    lease.abortIfOver();
    expect(lease.signal.aborted).toBe(false);
    now = 12_000; // before the database lets somebody else have it, at 15 s
    expect(lease.signal.aborted).toBe(false);
    lease.abortIfOver();
    expect(lease.signal.aborted).toBe(true);
    await lease.release();
  });
});

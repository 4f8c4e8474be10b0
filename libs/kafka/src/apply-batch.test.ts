import { type Topic, topics } from '@mirror/events';
import { FatalError, PermanentError, TransientError } from '@mirror/runtime';
import { expect, it } from 'vitest';
import { type Apply, applyUntilDone } from './apply-batch.js';
import type { EventBatch } from './read-batch.js';

const topic: Topic = topics.mirrorStatus;
const data = { mirrorId: 'm', bucket: 'photos', at: '2026-01-02T03:04:05.678Z' };
const time = data.at;

/** Offsets 10 and every second one after it, in a batch that begins at 8 and ends before 99. */
function batchOf(...subjects: string[]): EventBatch {
  const events = subjects.map((subject, index) => ({
    offset: String(10 + 2 * index),
    event: { id: subject, type: 'SnapshotStarted' as const, source: 'poller', subject, time, data },
  }));
  return { topic, partition: 3, firstOffset: '8', nextOffset: '99', events };
}

async function run(batch: EventBatch, apply: Apply, signal = new AbortController().signal) {
  const failures: unknown[] = [];
  const lease = { heartbeat: async () => {}, isRunning: () => true, signal };
  const rejected = await applyUntilDone(apply, batch, lease, (error) => failures.push(error));
  return { rejected, failures };
}

const away = () => new TransientError('away', { code: 'TEST.AWAY', retryAfterMs: 0 });
const refused = (message: string) => new PermanentError(message, { code: 'TEST.REFUSED' });

it('answers what apply rejects', async () => {
  const bad = { offset: '10', reason: 'bad', code: 'TEST.BAD' };
  expect((await run(batchOf('a'), async () => [bad])).rejected).toEqual([bad]);
});

it('applies a batch without a usable event too, for the position moves on', async () => {
  const given: string[] = [];
  await run(batchOf(), async ({ events, nextOffset }) => {
    given.push(`${events.length} up to ${nextOffset}`);
    return [];
  });
  expect(given).toEqual(['0 up to 99']);
});

it('tries again after a TransientError, and says so each time', async () => {
  let attempts = 0;
  const { failures } = await run(batchOf('a'), async () => {
    if (++attempts < 4) throw away();
    return [];
  });
  expect([attempts, failures.length]).toEqual([4, 3]);
});

it('gives the events one by one after a PermanentError, and together they cover all offsets', async () => {
  const given: string[] = [];
  const { rejected } = await run(batchOf('a', 'bad', 'c'), async ({ events, firstOffset, nextOffset }) => {
    given.push(`${events.length} of ${firstOffset}-${nextOffset}`);
    if (events.some(({ event }) => event.subject === 'bad')) throw refused(`${events.length} refused`);
    return [];
  });
  // The refused one once more as nothing: what keeps a position passes it.
  expect(given).toEqual(['3 of 8-99', '1 of 8-12', '1 of 12-14', '0 of 12-14', '1 of 14-99']);
  expect(rejected).toEqual([{ offset: '12', reason: '1 refused', code: 'TEST.REFUSED' }]);
});

it('waits for what is away also while it goes one by one', async () => {
  let wasAway = false;
  const { rejected } = await run(batchOf('a', 'bad'), async ({ events }) => {
    if (events.length > 1) throw refused('all');
    if (!wasAway) {
      wasAway = true;
      throw away();
    }
    if (events[0]?.event.subject === 'bad') throw refused('one');
    return [];
  });
  expect(rejected.map(({ offset }) => offset)).toEqual(['12']);
});

it('throws a FatalError', async () => {
  const fatal = new FatalError('the end', { code: 'TEST.FATAL' });
  const ran = run(batchOf('a'), async () => {
    throw fatal;
  });
  await expect(ran).rejects.toBe(fatal);
});

it('gives up between two attempts when its signal is aborted, with that reason', async () => {
  const controller = new AbortController();
  const reason = new Error('rebalanced');
  let attempts = 0;
  const ran = run(
    batchOf('a'),
    async () => {
      attempts++;
      controller.abort(reason);
      throw new TransientError('away', { code: 'TEST.AWAY', retryAfterMs: 60_000 });
    },
    controller.signal,
  );
  await expect(ran).rejects.toBe(reason);
  expect(attempts).toBe(1);
});

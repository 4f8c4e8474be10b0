import { expect, it } from 'vitest';
import type { PartitionLag } from './lag.js';
import { LagWatchdog } from './lag-watchdog.js';

const at = (committed: number, end: number, partition = 0): PartitionLag => ({
  topicName: 't',
  partition,
  committed: String(committed),
  end: String(end),
  lag: end - committed,
});

/** What the watchdog cried after each of these looks. */
async function looks(...seen: { lag: PartitionLag[] | Error; isBusy?: boolean }[]): Promise<number[]> {
  let cries = 0;
  let now = seen[0];
  const watchdog = new LagWatchdog({
    lag: async () => {
      if (now === undefined || now.lag instanceof Error) throw new Error('Kafka is away');
      return now.lag;
    },
    isBusy: () => now?.isBusy ?? false,
    onStalled: (stalled) => {
      cries += stalled.length;
    },
  });
  const heard: number[] = [];
  for (now of seen) {
    await watchdog.look();
    heard.push(cries);
  }
  return heard;
}

it('cries when a partition has lag at two looks and nothing was committed between them', async () => {
  expect(await looks({ lag: [at(5, 9)] }, { lag: [at(5, 20)] })).toEqual([0, 1]);
});

it('is quiet while there is progress, however small, and where there is no lag', async () => {
  expect(await looks({ lag: [at(5, 9)] }, { lag: [at(6, 99)] }, { lag: [at(7, 199)] })).toEqual([0, 0, 0]);
  expect(await looks({ lag: [at(9, 9)] }, { lag: [at(9, 9)] })).toEqual([0, 0]);
});

it('is quiet about what came only after the last look', async () => {
  expect(await looks({ lag: [at(9, 9)] }, { lag: [at(9, 12)] })).toEqual([0, 0]);
});

it('sees one silent partition beside a busy one', async () => {
  expect(await looks({ lag: [at(1, 9), at(1, 9, 1)] }, { lag: [at(2, 9), at(1, 9, 1)] })).toEqual([0, 1]);
});

it('takes slow work for no stall, also when it ended just now', async () => {
  const stuck = [at(5, 9)];
  expect(await looks({ lag: stuck }, { lag: stuck, isBusy: true }, { lag: stuck }, { lag: stuck })).toEqual([
    0, 0, 0, 1,
  ]);
});

it('gives the new consumer an interval of its own before it cries again', async () => {
  const stuck = [at(5, 9)];
  expect(await looks({ lag: stuck }, { lag: stuck }, { lag: stuck }, { lag: stuck })).toEqual([0, 1, 1, 2]);
});

it('forgets what it saw when Kafka can not be asked', async () => {
  const stuck = [at(5, 9)];
  expect(await looks({ lag: stuck }, { lag: new Error() }, { lag: stuck })).toEqual([0, 0, 0]);
});

import { describe, expect, it } from 'vitest';
import { RequestBudget } from './request-budget.js';

describe('RequestBudget', () => {
  it('lets a burst go at once, and spaces what follows', () => {
    const now = 0;
    const budget = new RequestBudget(10, 2, () => now);
    expect([budget.take(), budget.take(), budget.take(), budget.take()]).toEqual([0, 0, 100, 200]);
  });

  it('never answers more than its rate over a long time, however it is asked', () => {
    let now = 0;
    const budget = new RequestBudget(10, 5, () => now);
    let sent = 0;
    while (now < 60_000) {
      now += budget.take();
      sent += 1;
      now += sent % 3;
    }
    expect(sent).toBeLessThanOrEqual(60 * 10 + 5 + 1);
  });

  it('gives what can wait the unused half of the burst, and a tenth of the rate in any case', () => {
    let now = 0;
    const budget = new RequestBudget(10, 4, () => now);
    expect([budget.takeSpare(), budget.takeSpare(), budget.takeSpare()]).toEqual([0, 0, 1_000]);
    expect([budget.take(), budget.take()]).toEqual([0, 0]);
    for (let second = 0; second < 60; second += 1) {
      for (let request = 0; request < 10; request += 1) budget.take();
      now += 1_000;
      expect(budget.takeSpare()).toBe(0);
      expect(budget.takeSpare()).toBeGreaterThan(0);
    }
  });

  it('gives what may be left out only while something is left, and no more than its rate over a long time', () => {
    let now = 0;
    const budget = new RequestBudget(10, 2, () => now);
    expect([budget.tryTake(5), budget.tryTake(1)]).toEqual([true, false]);
    let sent = 5;
    for (now = 0; now < 60_000; now += 7) if (budget.tryTake(3)) sent += 3;
    expect(sent).toBeLessThanOrEqual(60 * 10 + 2 + 3);
    expect(sent).toBeGreaterThan(60 * 10 - 5);
  });

  it('is shared, as the number of pollers changes', () => {
    let share = 1;
    const budget = new RequestBudget(
      10,
      1,
      () => 0,
      () => share,
    );
    expect([budget.take(), budget.take()]).toEqual([0, 100]);
    share = 0.5;
    expect(budget.take()).toBe(400);
  });
});

import { describe, expect, it } from 'vitest';
import { nextOf, planPush } from './plan-push.js';
import type { Operation } from './state/push-attempt.js';

const operation = { sequence: 5 } as Operation;
const attempt = { id: 'a', begunAt: new Date(0), known: [] };
const failed = { code: 'S3.REFUSED', detail: '', hint: '', at: new Date(0) };

describe('an operation', () => {
  it.each([
    ['is attempted', operation, 4, 'attempt'],
    ['holds its key once it failed', { ...operation, failed, attempt }, 4, 'hold'],
    ['is looked for after an attempt without an outcome', { ...operation, attempt }, 4, 'resolve'],
    ['goes on with its upload', { ...operation, attempt: { ...attempt, uploadId: 'u' } }, 4, 'resume'],
    [
      'is looked for once its upload may be complete',
      { ...operation, attempt: { ...attempt, uploadId: 'u', completing: true as const } },
      4,
      'resolve',
    ],
    ['is not executed again', operation, 5, 'alreadyDone'],
    ['is not executed after a later one', { ...operation, attempt }, 6, 'lost'],
  ])('%s', (_what, of, doneSequence, kind) => {
    expect(planPush(of, doneSequence).kind).toBe(kind);
  });

  it('comes after those before it: the first without an outcome is the next', () => {
    const over = { ...operation, outcome: { kind: 'discarded' as const } };
    const second = { ...operation, sequence: 6 };
    expect(nextOf([over, second, { ...operation, sequence: 7 }])).toBe(second);
    expect(nextOf([over])).toBeUndefined();
  });
});

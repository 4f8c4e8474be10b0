import { describe, expect, it } from 'vitest';
import { conditionOf, type PollerStatus, statusAnswer, statusOf, type Told } from './mirror-status.js';

const bucket = { _id: 'photos', location: 'ring-paris', mirrorId: 'm-1', paused: false };
const now = new Date('2030-01-01T00:00:00Z');
const status: PollerStatus = {
  snapshot: {
    startedAt: '2030-01-01T00:00:00Z',
    completedAt: '2030-01-01T00:01:00Z',
    versionsListed: 7,
    versionsPerSecond: 1,
  },
  oldestUnappliedChangeAgeSeconds: 0.4,
  oldestUnvisitedRangeAgeSeconds: 2,
  lastFullPassAt: '2030-01-01T00:02:00Z',
  lastFullPassSeconds: 3,
  removals: { candidates: 0, ledger: null },
  lastError: null,
  failing: false,
};
const told = <T>(value: T): Told<T> => ({ kind: 'told', value });
const figures = { versions: { mirrored: 7, currentObjects: 3, deleteMarkers: 1, bytes: 70 } };

describe('the status of a mirror', () => {
  it('is put together from its owners', () => {
    const answer = statusOf(bucket, told(status), told(figures), now);
    expect(statusAnswer.parse(answer)).toMatchObject({
      state: 'live',
      versions: figures.versions,
      snapshot: status.snapshot,
      removals: { candidates: 0, ledger: null },
      uploads: null,
      lastVerify: null,
      lastError: null,
    });
  });

  it('has null and no zero where an owner is down', () => {
    const answer = statusAnswer.parse(statusOf(bucket, { kind: 'unreachable' }, { kind: 'unreachable' }, now));
    expect(JSON.stringify(answer)).not.toMatch(/\b0\b/);
    expect(answer.versions).toEqual({ mirrored: null, currentObjects: null, deleteMarkers: null, bytes: null });
    expect(answer.oldestUnappliedChangeAgeSeconds).toBeNull();
    expect(answer).toMatchObject({ state: 'failing', lastError: { code: 'STATUS.POLLER_UNREACHABLE' } });
  });

  it('keeps what one owner says while the other is down', () => {
    const answer = statusOf(bucket, told(status), { kind: 'unreachable' }, now);
    expect(answer.snapshot.versionsListed).toBe(7);
    expect(answer.versions.mirrored).toBeNull();
  });
});

describe('the state is the first that applies', () => {
  const failing = told({ ...status, failing: true, snapshot: { ...status.snapshot, completedAt: null } });
  const running = told({ ...status, snapshot: { ...status.snapshot, completedAt: null } });
  it.each([
    ['paused', { paused: true }, failing],
    ['paused', { paused: true }, { kind: 'unreachable' }],
    ['failing', { paused: false }, failing],
    ['failing', { paused: false }, { kind: 'unreachable' }],
    ['snapshot', { paused: false }, running],
    ['snapshot', { paused: false }, { kind: 'unknown' }],
    ['live', { paused: false }, told(status)],
  ] as const)('%s', (expected, of, poller) => {
    expect(conditionOf(of, poller)).toBe(expected);
  });
});

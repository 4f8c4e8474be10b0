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
  oldestDescriptionAgeSeconds: 2,
  lastFullPassAt: '2030-01-01T00:02:00Z',
  lastFullPassSeconds: 3,
  removals: { candidates: 0, unlisted: 2, ledger: 5 },
  suspect: false,
  lastVerify: null,
  lastError: null,
  failing: false,
};
const told = <T>(value: T) => ({ kind: 'told', value }) satisfies Told<T>;
const waiting = { waiting: 2, waitingBytes: 10, oldestAgeSeconds: 1.5, failed: 1 };
const uploads = told({ ...waiting, lastError: null });
const away = { kind: 'unreachable' } as const;
const figures = { versions: { mirrored: 7, currentObjects: 3, deleteMarkers: 1, bytes: 70 } };

describe('the status of a mirror', () => {
  it('is put together from its owners', () => {
    const answer = statusOf(bucket, { poller: told(status), figures: told(figures), uploads }, now);
    expect(statusAnswer.parse(answer)).toMatchObject({
      state: 'live',
      versions: figures.versions,
      snapshot: status.snapshot,
      removals: { candidates: 0, unlisted: 2, ledger: 5 },
      uploads: { waiting: 2, waitingBytes: 10, oldestAgeSeconds: 1.5, failed: 1 },
      lastVerify: null,
      lastError: null,
    });
  });

  it('has null and no zero where an owner is down', () => {
    const answer = statusAnswer.parse(statusOf(bucket, { poller: away, figures: away, uploads: away }, now));
    expect(JSON.stringify(answer)).not.toMatch(/\b0\b/);
    expect(answer.versions).toEqual({ mirrored: null, currentObjects: null, deleteMarkers: null, bytes: null });
    expect(answer.oldestUnappliedChangeAgeSeconds).toBeNull();
    expect(answer).toMatchObject({ state: 'failing', lastError: { code: 'STATUS.POLLER_UNREACHABLE' } });
  });

  it('has the uploads as null, and says why, where only the replication service is down', () => {
    const answer = statusAnswer.parse(
      statusOf(bucket, { poller: told(status), figures: told(figures), uploads: away }, now),
    );
    expect(answer).toMatchObject({
      state: 'live',
      uploads: null,
      lastError: { code: 'STATUS.REPLICATION_UNREACHABLE' },
    });
  });

  it('is failing while nothing is pushed to the location, whatever can be listed there', () => {
    const lastError = { code: 'S3.VERSIONING_SUSPENDED', detail: 'It is.', hint: 'Enable it.', at: now.toISOString() };
    const stuck = told({ ...waiting, lastError });
    const answer = statusAnswer.parse(
      statusOf(bucket, { poller: told(status), figures: told(figures), uploads: stuck }, now),
    );
    expect(answer).toMatchObject({ state: 'failing', uploads: waiting, lastError });
  });

  it('passes on what the poller says of the last verification', () => {
    const lastVerify = {
      startedAt: '2030-01-01T00:00:00Z',
      completedAt: null,
      versionsCompared: 3,
      differences: 1,
    };
    const answer = statusAnswer.parse(
      statusOf(bucket, { poller: told({ ...status, lastVerify }), figures: told(figures), uploads }, now),
    );
    expect(answer.lastVerify).toEqual(lastVerify);
  });

  it('says in words what makes a mirror suspect, and how it ends, whatever else failed', () => {
    const removals = { candidates: 60, unlisted: 0, ledger: 71 };
    const lastError = { code: 'S3.UNAVAILABLE', detail: 'It is away.', hint: 'Wait.', at: '2030-01-01T00:00:00Z' };
    const poller = told({ ...status, removals, suspect: true, failing: true, lastError });
    const answer = statusAnswer.parse(statusOf(bucket, { poller, figures: told(figures), uploads }, now));
    expect(answer).toMatchObject({ state: 'suspect', removals, lastError: { code: 'MIRROR.SUSPECT' } });
    expect(answer.lastError?.detail).toContain('60 of the 7 versions');
    expect(answer.lastError?.hint).toContain('/v1/buckets/photos/accept-removals with { "ledger": 71 }');
  });

  it('keeps what one owner says while the other is down', () => {
    const answer = statusOf(bucket, { poller: told(status), figures: away, uploads }, now);
    expect(answer.snapshot.versionsListed).toBe(7);
    expect(answer.versions.mirrored).toBeNull();
  });
});

describe('the state is the first that applies', () => {
  const failing = told({ ...status, failing: true, snapshot: { ...status.snapshot, completedAt: null } });
  const running = told({ ...status, snapshot: { ...status.snapshot, completedAt: null } });
  const suspect = told({ ...failing.value, suspect: true });
  it.each([
    ['paused', { paused: true }, suspect],
    ['suspect', { paused: false }, suspect],
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

import { randomUUID } from 'node:crypto';
import { type EventData, type EventType, topics } from '@mirror/events';
import type { EventProducer } from '@mirror/kafka';
import type { MirrorError, MirrorProgress, Verification } from './state/progress-store.js';
import type { LedgerTotals } from './visit/judge-suspicion.js';
import type { MirrorIdentity } from './visit/publish-changes.js';

/** A pass without a difference is said at most once in this time: passes follow each other by the second. */
const QUIET_PASS_INTERVAL_MS = 60_000;

/** Says on `zenko.mirror-status.v1` how the mirror is doing. */
export class StatusEvents {
  private readonly saidPassAt = new Map<string, number>();

  constructor(private readonly producer: EventProducer) {}

  async snapshotStarted(mirror: MirrorIdentity): Promise<void> {
    await this.say('SnapshotStarted', mirror, {});
  }

  async snapshotCompleted(mirror: MirrorIdentity, progress: MirrorProgress, versionsListed: number): Promise<void> {
    const startedAt = progress.snapshotStartedAt ?? progress.passStartedAt;
    const seconds = (Date.now() - startedAt.getTime()) / 1000;
    await this.say('SnapshotCompleted', mirror, {
      startedAt: startedAt.toISOString(),
      versionsListed,
      seconds: Math.max(0, seconds),
    });
  }

  async passCompleted(mirror: MirrorIdentity, progress: MirrorProgress, versionsListed: number): Promise<void> {
    const { passStartedAt, requests, differences } = progress;
    const now = Date.now();
    if (differences === 0 && now - (this.saidPassAt.get(mirror.mirrorId) ?? 0) < QUIET_PASS_INTERVAL_MS) return;
    this.saidPassAt.set(mirror.mirrorId, now);
    const seconds = Math.max(0, (now - passStartedAt.getTime()) / 1000);
    await this.say('PassCompleted', mirror, {
      startedAt: passStartedAt.toISOString(),
      seconds,
      versionsListed,
      requests,
      differences,
    });
  }

  async suspected(mirror: MirrorIdentity, totals: LedgerTotals & { readonly ledger: number }): Promise<void> {
    await this.say('MirrorSuspected', mirror, totals);
  }

  async trusted(mirror: MirrorIdentity): Promise<void> {
    await this.say('MirrorTrusted', mirror, {});
  }

  async verifyCompleted(mirror: MirrorIdentity, report: Verification): Promise<void> {
    const { startedAt, versionsCompared, differences } = report;
    await this.say('VerifyCompleted', mirror, { startedAt: startedAt.toISOString(), versionsCompared, differences });
  }

  async unreachable(
    mirror: MirrorIdentity,
    location: string,
    { code, detail, hint }: Omit<MirrorError, 'at'>,
  ): Promise<void> {
    await this.say('LocationUnreachable', mirror, { location, code, detail, hint });
  }

  async reachable(mirror: MirrorIdentity, location: string): Promise<void> {
    await this.say('LocationReachable', mirror, { location });
  }

  private async say<T extends EventType>(
    type: T,
    mirror: MirrorIdentity,
    data: Omit<EventData<T>, 'mirrorId' | 'bucket' | 'at'>,
  ): Promise<void> {
    const time = new Date().toISOString();
    const { mirrorId, bucket } = mirror;
    const whole = { mirrorId, bucket, at: time, ...data } as EventData<T>;
    await this.producer.send(topics.mirrorStatus, [
      { id: randomUUID(), type, source: 'poller', subject: bucket, time, data: whole },
    ]);
  }
}

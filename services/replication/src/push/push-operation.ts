import type { ResolvedVersion } from '@mirror/namespace';
import { planPush } from '../plan-push.js';
import type { LeasedKey } from '../state/key-lease.js';
import type { Operation, PushAttempt } from '../state/push-attempt.js';
import type { PushStore } from '../state/push-store.js';
import { Conclusions } from './conclude-push.js';
import { findLost } from './find-lost.js';
import { listKey } from './list-key.js';
import { completeUpload, createUpload, sendParts } from './push-multipart.js';
import { deleteVersion, type PushContext, putDeleteMarker, putSingle, putTags } from './push-object.js';
import { done, failed, notRecorded, outcomeLost, type PushResult, unversioned, versionsOf } from './push-result.js';

export interface PushSettings {
  /** The connector's own time-out: no earlier is the outcome of a lost attempt looked for. */
  readonly unknownAfterMs: number;
  newId(): string;
}

/** What an attempt saw before it waited for its place holds for so long; part of the margin that its versioning has. */
const FRESH_MS = 1_000;

type Attempted = Operation & { readonly attempt: PushAttempt };

/**
 * Brings one operation to the connector (rule R10). The order is the invariant: the attempt is stored before its first byte;
 * whatever is no definite answer stays stored, and is looked for at the connector before anything is sent again (I5).
 */
export class OperationPush {
  readonly #conclusions: Conclusions;

  constructor(
    private readonly store: PushStore,
    private readonly settings: PushSettings,
  ) {
    this.#conclusions = new Conclusions(store, settings.unknownAfterMs);
  }

  /** One step of the first operation of the key that has no outcome. @param all The operations of the key. */
  async step(
    operation: Operation,
    all: readonly Operation[],
    key: LeasedKey,
    context: PushContext,
  ): Promise<PushResult> {
    const step = planPush(operation, key.doneSequence);
    const { store, settings } = this;
    switch (step.kind) {
      case 'hold':
        return { kind: 'overtaken' };
      case 'alreadyDone':
        return { kind: 'outcome', outcome: key.outcome ?? { kind: 'done', versionId: null } };
      case 'lost':
        return failed(outcomeLost);
      case 'resolve':
        return this.#atConnector(operation, context, () =>
          findLost(operation, store, context, settings.unknownAfterMs),
        );
      case 'resume':
        return this.#atConnector(operation, context, () => this.#sendUpload(operation, step.uploadId, context, true));
      case 'attempt':
        return this.#guard(operation, () => this.#attempt(operation, all, context));
      default:
        return step satisfies never;
    }
  }

  #atConnector(operation: Operation, context: PushContext, work: () => Promise<PushResult>): Promise<PushResult> {
    return this.#guard(operation, async () => {
      using _place = await context.places.take();
      return context.mayPush() ? await work() : { kind: 'overtaken' };
    });
  }

  #guard(operation: Operation, work: () => Promise<PushResult>): Promise<PushResult> {
    return this.#conclusions.guard(operation, work);
  }

  async #attempt(operation: Operation, all: readonly Operation[], context: PushContext): Promise<PushResult> {
    const { what } = operation;
    if (what.kind === 'tag' || what.kind === 'deleteVersion') {
      return this.#atConnector(operation, context, () => this.#changeVersion(operation, all, context));
    }
    // Stored before it waits for its place: the next one can go as soon as a place is free.
    const begun = await this.#begin(operation, all, context);
    if (!begun) return { kind: 'overtaken' };
    const begunAt = performance.now();
    using _place = await context.places.take();
    const mayBeSent = context.mayPush() && !context.signal.aborted;
    if (mayBeSent && performance.now() - begunAt < FRESH_MS)
      return this.#guard(begun, () => this.#send(begun, context));
    // Surely not sent. What was seen before it is out of date, or nothing is pushed any more.
    await this.store.forgetAttempt(begun, begun.attempt.id);
    const anew = mayBeSent ? await this.#begin(operation, all, context) : undefined;
    return anew ? this.#guard(anew, () => this.#send(anew, context)) : { kind: 'overtaken' };
  }

  /** Stored before the first byte: the connector's own time, and what is known of the key. */
  async #begin(
    operation: Operation,
    all: readonly Operation[],
    { access }: PushContext,
  ): Promise<Attempted | undefined> {
    await access.requireVersioning('lately');
    const begunAt = access.clock.notBefore(performance.now()) ?? new Date(0);
    // Outcomes were read before the mirror is: what is recorded in between is in one of the two.
    const { ids, hasNull } = await this.store.knownVersions(operation.mirrorId, operation.key, begunAt);
    if (hasNull) await access.requireVersioning('now');
    const known = [...new Set([...ids, ...all.flatMap(versionsOf)])];
    const attempt = { id: this.settings.newId(), begunAt, known };
    return (await this.store.begin(operation, attempt)) ? { ...operation, begun: true, attempt } : undefined;
  }

  async #send(operation: Attempted, context: PushContext): Promise<PushResult> {
    const { what, key, attempt } = operation;
    if (what.kind === 'deleteMarker') {
      return this.#concludeMarker(operation, context, (await putDeleteMarker(context, key)).versionId);
    }
    if (what.kind !== 'put') throw new Error(`a ${what.kind} has no attempts`);
    if (what.content.form === 'single')
      return this.#conclude(operation, (await putSingle(context, key, what)).versionId);
    const uploadId = await createUpload(context, key, what.description);
    if (!(await this.store.setUpload(operation, attempt.id, uploadId))) return { kind: 'overtaken' };
    const uploading = { ...operation, attempt: { ...attempt, uploadId } };
    return this.#guard(uploading, () => this.#sendUpload(uploading, uploadId, context, false));
  }

  async #sendUpload(
    operation: Operation,
    uploadId: string,
    context: PushContext,
    isResumed: boolean,
  ): Promise<PushResult> {
    const { what, key, attempt } = operation;
    if (what.kind !== 'put' || !attempt) throw new Error('only an upload that was begun has parts');
    await sendParts(context, key, uploadId, what.content.parts, isResumed);
    // What was seen when it began may be long ago, and no version of before versioning must be overwritten.
    await context.access.requireVersioning('now');
    if (!(await this.store.setCompleting(operation, attempt.id))) return { kind: 'overtaken' };
    const completing = { ...operation, attempt: { ...attempt, completing: true as const } };
    return this.#guard(completing, async () => {
      const { versionId } = await completeUpload(context, key, uploadId, what.content.parts);
      return this.#conclude(completing, versionId);
    });
  }

  /** Idempotent: begun, so that no client cancels it any more, and simply tried again (rule R10). */
  async #changeVersion(operation: Operation, all: readonly Operation[], context: PushContext): Promise<PushResult> {
    const { what, key, mirrorId } = operation;
    if (what.kind !== 'tag' && what.kind !== 'deleteVersion') throw new Error(`a ${what.kind} changes no version`);
    if (!(await this.store.begin(operation))) return { kind: 'overtaken' };
    const version = pushedVersion(all, what.versionId) ?? (await this.store.resolve(mirrorId, key, what.versionId));
    if (version.kind === 'pending') return { kind: 'retry', error: notRecorded, isLocation: false };
    if (version.kind === 'gone') return done(null);
    if (what.kind === 'tag') await putTags(context, key, version.versionId, what.tags);
    else await deleteVersion(context, key, version.versionId, what);
    return done(version.versionId);
  }

  /** Without an id of its own, what was written is looked for later; versioning is off, so the location is to blame. */
  async #conclude(operation: Operation, versionId: string | undefined): Promise<PushResult> {
    if (versionId && versionId !== 'null') return done(versionId);
    return this.#conclusions.unknown(operation, unversioned, true);
  }

  /** Endpoints make no marker where there is nothing to hide; S3 itself does. */
  async #concludeMarker(operation: Operation, context: PushContext, versionId?: string): Promise<PushResult> {
    if (versionId && versionId !== 'null') return done(versionId);
    const [latest] = await listKey(context.access, operation.key, context.signal);
    if (!latest) return done(null);
    await context.access.requireVersioning('now');
    return latest.kind === 'deleteMarker' ? done(null) : this.#conclusions.unknown(operation, unversioned, true);
  }
}

/** A version that the client knows by its pending id, and whose put is done and perhaps not recorded yet. */
function pushedVersion(all: readonly Operation[], versionId: string): ResolvedVersion | undefined {
  const made = all.find(({ what }) => isMaking(what.kind) && what.versionId === versionId);
  if (!made?.outcome) return undefined;
  const { outcome } = made;
  if (outcome.kind === 'discarded' || outcome.versionId === null) return { kind: 'gone' };
  return { kind: 'live', versionId: outcome.versionId };
}

const isMaking = (kind: Operation['what']['kind']): boolean => kind === 'put' || kind === 'deleteMarker';

import type { ConnectorError } from '@mirror/connector';
import { PermanentError, TransientError } from '@mirror/runtime';
import type { Operation } from '../state/push-attempt.js';
import type { PushStore } from '../state/push-store.js';
import { judgeError } from './judge-error.js';
import { done, failed, isIdempotent, type PushError, type PushResult } from './push-result.js';

/** What an attempt's end means for its operation, and what is kept of the attempt. */
export class Conclusions {
  constructor(
    private readonly store: PushStore,
    /** The connector's own time-out. */
    private readonly unknownAfterMs: number,
  ) {}

  /** Makes a result of an error, by the table. Errors that are not the connector's are thrown on: the attempt stays as it is. */
  async guard(operation: Operation, work: () => Promise<PushResult>): Promise<PushResult> {
    try {
      return await work();
    } catch (cause) {
      if (!(cause instanceof TransientError || cause instanceof PermanentError)) throw cause;
      return this.#judge(operation, cause);
    }
  }

  /** Nobody knows whether it was applied: looked for once the connector's time-out is over. */
  async unknown(operation: Operation, error: PushError, isLocation: boolean): Promise<PushResult> {
    const { attempt } = operation;
    // Parts are told apart by their numbers, and can be sent again as well.
    if (isIdempotent(operation) || !attempt || (attempt.uploadId !== undefined && !attempt.completing)) {
      return { kind: 'retry', error, isLocation };
    }
    const sinceEndMs = await this.store.sinceEnd(operation, attempt.id);
    if (sinceEndMs === undefined) return { kind: 'overtaken' };
    const waitMs = this.unknownAfterMs - sinceEndMs;
    return { kind: 'retry', error, isLocation, ...(waitMs > 0 && { afterMs: waitMs }) };
  }

  async #judge(operation: Operation, cause: unknown): Promise<PushResult> {
    const { verdict, error } = judgeError(cause);
    switch (verdict) {
      case 'gone':
        return isIdempotent(operation) ? done(null) : this.#refused(operation, failed(error));
      case 'noUpload':
        return this.#withoutUpload(operation, error);
      case 'unknown':
        return this.unknown(operation, error, true);
      case 'retry':
        return this.#refused(operation, { kind: 'retry', error, isLocation: true, ...retryAfter(error) });
      case 'location':
        return this.#refused(operation, { kind: 'denied', error });
      case 'refused':
        return this.#refused(operation, failed(error));
      default:
        return verdict satisfies never;
    }
  }

  /** The attempt did nothing; the parts of its upload stay where they are. While an earlier end is looked into, it stays. */
  async #refused(operation: Operation, result: PushResult): Promise<PushResult> {
    const { attempt } = operation;
    if (!attempt) return result;
    if (attempt.endedAt) return result.kind === 'failed' ? { ...result, kind: 'retry', isLocation: true } : result;
    if (attempt.uploadId === undefined) await this.store.forgetAttempt(operation, attempt.id);
    else if (attempt.completing) await this.store.goOnWithUpload(operation, attempt.id);
    return result;
  }

  /** Completed by an attempt whose answer was lost, perhaps; before that, somebody aborted it. */
  async #withoutUpload(operation: Operation, error: ConnectorError): Promise<PushResult> {
    const { attempt } = operation;
    if (attempt?.completing) return this.unknown(operation, error, false);
    if (attempt) await this.store.forgetAttempt(operation, attempt.id);
    return { kind: 'retry', error, isLocation: false };
  }
}

function retryAfter(error: ConnectorError): { afterMs?: number } {
  return error instanceof TransientError && error.retryAfterMs ? { afterMs: error.retryAfterMs } : {};
}

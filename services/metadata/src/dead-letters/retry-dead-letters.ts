import { type ObjectChanged, parseEvent } from '@mirror/events';
import { PermanentError } from '@mirror/runtime';
import type { ChangeApplier } from '../consume-changes.js';
import type { DeadLetterStore, OpenLetter } from './dead-letter-store.js';

interface Failure {
  readonly code: string;
  readonly reason: string;
}

/** Applies dead letters again, by the very path of live events. What fails again stays, with its new reason. */
export class DeadLetterRetry {
  constructor(
    private readonly letters: DeadLetterStore,
    private readonly applier: ChangeApplier,
  ) {}

  /** @param ids Null: all of the mirror. False: told to stop in between. */
  async retry(mirrorId: string, ids: readonly string[] | null, isRunning: () => boolean): Promise<boolean> {
    for await (const letter of this.letters.open(mirrorId, ids)) {
      if (!isRunning()) return false;
      const failure = await this.apply(letter);
      // Applied first, settled then: cut off in between, it is applied once more, which changes nothing (R1).
      if (failure) await this.letters.failedAgain(letter._id, failure);
      else await this.letters.settle(mirrorId, [letter._id]);
    }
    return true;
  }

  private async apply({ _id, message: { headers, value } }: OpenLetter): Promise<Failure | undefined> {
    const bytes = value && Buffer.from(value.buffer);
    const parsed = parseEvent(bytes, Object.fromEntries(headers));
    if (parsed.kind === 'invalid') return { code: 'EVENT.MALFORMED', reason: parsed.reason };
    if (parsed.kind === 'unknown' || parsed.event.type !== 'ObjectChanged') {
      const type = parsed.kind === 'unknown' ? parsed.type : parsed.event.type;
      return { code: 'EVENT.UNKNOWN_TYPE', reason: `events of type ${type} are not applied here` };
    }
    try {
      const [rejected] = await this.applier.applyChanges([{ change: parsed.event.data as ObjectChanged, offset: _id }]);
      return rejected;
    } catch (error) {
      if (!(error instanceof PermanentError)) throw error;
      return { code: error.code, reason: error.message };
    }
  }
}

import { type CloudEvent, type ObjectChanged, parseEvent, type ReplicationCompleted } from '@mirror/events';
import { PermanentError } from '@mirror/runtime';
import type { ChangeApplier } from '../consume-changes.js';
import type { PushRecorder } from '../consume-replication.js';
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
    private readonly recorder: PushRecorder,
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
    if (parsed.kind === 'unknown') return unknownType(parsed.type);
    try {
      return await this.applyEvent(parsed.event, _id);
    } catch (error) {
      if (!(error instanceof PermanentError)) throw error;
      return { code: error.code, reason: error.message };
    }
  }

  private async applyEvent({ type, data }: CloudEvent, offset: string): Promise<Failure | undefined> {
    if (type === 'ReplicationCompleted') {
      await this.recorder.record([data as ReplicationCompleted]);
      return undefined;
    }
    if (type !== 'ObjectChanged') return unknownType(type);
    const [rejected] = await this.applier.applyChanges([{ change: data as ObjectChanged, offset }]);
    return rejected;
  }
}

const unknownType = (type: string): Failure => ({
  code: 'EVENT.UNKNOWN_TYPE',
  reason: `events of type ${type} are not applied here`,
});

import type { DeadLetter } from '@mirror/kafka';
import type { Logger } from '@mirror/runtime';
import type { CurrentMirrors } from '../current-mirrors.js';
import type { DeadLetterStore, NewLetter } from './dead-letter-store.js';

/** What a message tells of itself, as far as it can be read. */
interface Subject {
  readonly bucket: string | undefined;
  readonly mirrorId: string | undefined;
  readonly key: string | undefined;
}

/** Keeps the dead letters of mirrors that are alive. Those of other lives are nobody's failures (rule R2). */
export class DeadLetterKeeper {
  constructor(
    private readonly letters: DeadLetterStore,
    private readonly mirrors: CurrentMirrors,
    private readonly logger: Logger,
  ) {}

  async keep(letters: readonly DeadLetter[]): Promise<void> {
    const kept: NewLetter[] = [];
    for (const letter of letters) {
      const subject = subjectOf(letter);
      const mirrorId = await this.currentLife(subject);
      if (mirrorId === undefined || subject.bucket === undefined) {
        this.logger.info({ id: idOf(letter), ...subject }, 'a dead letter of no mirror that is alive was left out');
        continue;
      }
      kept.push(newLetter(letter, subject.bucket, mirrorId, subject.key ?? null));
    }
    await this.letters.keep(kept);
  }

  /** One that does not tell its life is taken for the bucket's present one. */
  private async currentLife({ bucket, mirrorId }: Subject): Promise<string | undefined> {
    if (bucket === undefined) return undefined;
    const current = await this.mirrors.currentIdOf(bucket, mirrorId);
    return mirrorId === undefined || mirrorId === current ? current : undefined;
  }
}

const idOf = ({ topicName, partition, offset }: DeadLetter): string => `${topicName}:${partition}:${offset}`;

function newLetter(letter: DeadLetter, bucket: string, mirrorId: string, key: string | null): NewLetter {
  const { code, reason, headers, value } = letter;
  const at = new Date(letter.at);
  const time = Number.isNaN(at.getTime()) ? new Date() : at;
  return { _id: idOf(letter), mirrorId, bucket, key, code, reason, at: time, headers, value };
}

/** The data's own word first; the message's key is bucket/key. */
export function subjectOf({ key, value }: Pick<DeadLetter, 'key' | 'value'>): Subject {
  const data = parseObject(value);
  const named = key?.toString() ?? '';
  const slash = named.indexOf('/');
  return {
    bucket: textOf(data.bucket) ?? (slash > 0 ? named.slice(0, slash) : undefined),
    mirrorId: textOf(data.mirrorId),
    key: textOf(data.key) ?? (slash > 0 ? named.slice(slash + 1) : undefined),
  };
}

const textOf = (value: unknown): string | undefined => (typeof value === 'string' && value !== '' ? value : undefined);

function parseObject(value: Buffer | null): Readonly<Record<string, unknown>> {
  try {
    const parsed: unknown = JSON.parse(value?.toString() ?? '');
    return typeof parsed === 'object' && parsed !== null ? (parsed as Record<string, unknown>) : {};
  } catch {
    return {};
  }
}

import { createHash } from 'node:crypto';
import { type CloudEvent, type EventData, topics } from '@mirror/events';
import type { EventProducer } from '@mirror/kafka';
import type { OperationFailure, OperationOutcome } from '@mirror/namespace';
import type { Logger } from '@mirror/runtime';
import { GroupCommit } from './group-commit.js';
import type { Operation } from './state/push-attempt.js';

/** What was said is not said again within this time: the metadata service needs a moment to record it. */
const REPEAT_MS = 10_000;
const MAX_REMEMBERED = 50_000;
/** What recording them costs is by the batch, most of all: under load those of a moment are said together. */
const PACE_MS = 500;
const MAX_TOGETHER = 500;

type Said = 'ReplicationCompleted' | 'ReplicationFailed';

/**
 * Says on `zenko.replication.v1` what became of operations. Outcomes are stored before, and nobody waits for them to be said:
 * those that are not recorded are met again by the sweep, and said again.
 */
export class OutcomeSpeaker {
  /** Operation id → when it was said last, the oldest first. */
  readonly #saidAt = new Map<string, number>();
  readonly #sending = new Set<Promise<void>>();
  /** Answers of each why it was not sent; undefined: it was. */
  readonly #together: GroupCommit<CloudEvent, unknown>;

  constructor(
    producer: EventProducer,
    private readonly logger: Logger,
  ) {
    const send = async (events: readonly CloudEvent[]): Promise<unknown[]> => {
      const failure = await producer.send(topics.replication, events).then(
        () => undefined,
        (error: unknown) => error,
      );
      return events.map(() => failure);
    };
    this.#together = new GroupCommit(send, MAX_TOGETHER, PACE_MS);
  }

  completed(operation: Operation, outcome: OperationOutcome): void {
    const now = performance.now();
    if (now - (this.#saidAt.get(operation._id) ?? Number.NEGATIVE_INFINITY) < REPEAT_MS) return;
    this.#remember(operation._id, now);
    const { kind, versionId: clientVersionId } = operation.what;
    const isDone = outcome.kind === 'done';
    const lastModified = isDone ? outcome.lastModified?.toISOString() : undefined;
    this.#say('ReplicationCompleted', operation, {
      ...identityOf(operation),
      kind,
      clientVersionId,
      versionId: isDone ? outcome.versionId : null,
      ...(lastModified !== undefined && { lastModified }),
      outcome: outcome.kind,
    });
  }

  failed(operation: Operation, { code, detail, hint }: Omit<OperationFailure, 'at'>): void {
    this.#say('ReplicationFailed', operation, {
      ...identityOf(operation),
      kind: operation.what.kind,
      code,
      detail,
      hint,
    });
  }

  /** What was said so far is sent, or given up. */
  async stop(): Promise<void> {
    await Promise.all(this.#sending);
  }

  #say<T extends Said>(type: T, operation: Operation, data: EventData<T>): void {
    const event: CloudEvent<T> = {
      id: createHash('sha256')
        .update(JSON.stringify([type, data]))
        .digest('hex'),
      type,
      source: 'replication',
      subject: `${operation.bucket}/${operation.key}`,
      time: new Date().toISOString(),
      data,
    };
    const sending = this.#together.run(event).then((failure) => {
      if (failure === undefined) return;
      this.#saidAt.delete(operation._id);
      this.logger.warn({ err: failure, operationId: operation._id }, 'an outcome was not said; it will be said again');
    });
    this.#sending.add(sending);
    void sending.finally(() => this.#sending.delete(sending));
  }

  #remember(operationId: string, now: number): void {
    this.#saidAt.delete(operationId);
    this.#saidAt.set(operationId, now);
    const [oldest] = this.#saidAt.keys();
    if (this.#saidAt.size > MAX_REMEMBERED && oldest !== undefined) this.#saidAt.delete(oldest);
  }
}

const identityOf = ({ mirrorId, bucket, key, sequence, _id: operationId }: Operation) => ({
  mirrorId,
  bucket,
  key,
  sequence,
  operationId,
});

import { randomUUID } from 'node:crypto';
import { type CloudEvent, type EventData, topics } from '@mirror/events';
import { Injectable } from '@nestjs/common';
import { BucketStore } from '../buckets/bucket-store.js';
import { StatusSources } from '../buckets/status-sources.js';
import { toRevision } from '../database/state-event.js';
import { Transactions } from '../database/transactions.js';
import type { FailureName } from '../failures/failures.js';
import { Refusal } from '../http/problem.js';
import type { CommandAnswer } from './mirror-command.js';

type CommandType = (typeof topics.commands.events)[number];
/** What a command says beside what all say. */
type Details<T extends CommandType> = Omit<EventData<T>, 'commandId' | 'revision' | 'mirrorId' | 'bucket'>;

/**
 * What operators ask of a mirror, said as events on `zenko.commands.v1`. The bucket's document is written in the same
 * transaction: so the commands of a bucket follow each other, and each has a higher revision than the one before (R2).
 */
@Injectable()
export class MirrorCommands {
  constructor(
    private readonly transactions: Transactions,
    private readonly buckets: BucketStore,
    private readonly sources: StatusSources,
  ) {}

  verify(bucket: string): Promise<CommandAnswer> {
    return this.#say('VerifyRequested', bucket, {});
  }

  /** Refusal BUCKET.LEDGER_UNKNOWN or BUCKET.LEDGER_AHEAD: nobody accepts what is not known yet. */
  async acceptRemovals(bucket: string, ledger: number): Promise<CommandAnswer> {
    const { mirrorId } = await this.buckets.find(bucket);
    const poller = await this.sources.poller(mirrorId);
    const known = poller.kind === 'told' ? poller.value.removals.ledger : null;
    if (known === null) throw ledgerUnknown(bucket);
    if (ledger > known) throw ledgerAhead(bucket, ledger, known);
    return this.#say('RemovalsAccepted', bucket, { ledger });
  }

  retry({ bucket, kind, id }: FailureName): Promise<CommandAnswer> {
    return this.#say('RetryRequested', bucket, { kind, failureIds: [id] });
  }

  /** Whatever there is of both kinds when the command is carried out: one command, said to both owners. */
  retryAll(bucket: string): Promise<CommandAnswer> {
    const both = (['event', 'push'] as const).map((kind) => ({ kind, failureIds: null }));
    return this.#say('RetryRequested', bucket, ...both);
  }

  discard({ bucket, kind, id }: FailureName): Promise<CommandAnswer> {
    return this.#say('DiscardRequested', bucket, { kind, failureIds: [id] });
  }

  /** Refusal BUCKET.NOT_FOUND. @param details One event each, all of the same command. */
  #say<T extends CommandType>(type: T, bucket: string, ...details: Details<T>[]): Promise<CommandAnswer> {
    const commandId = randomUUID();
    return this.transactions.run(async (transaction) => {
      const { mirrorId, commandedAt } = await this.buckets.stampCommand(transaction, bucket);
      const answer: CommandAnswer = { commandId, revision: toRevision(commandedAt), bucket, mirrorId };
      const time = new Date().toISOString();
      for (const [index, one] of details.entries()) {
        const data = { ...answer, ...one } as EventData<T>;
        const id = index === 0 ? commandId : `${commandId}.${index + 1}`;
        const event: CloudEvent<T> = { id, type, source: 'config', subject: bucket, time, data };
        await transaction.publish(topics.commands, event);
      }
      return answer;
    });
  }
}

const ledgerUnknown = (bucket: string): Refusal =>
  new Refusal(
    'BUCKET.LEDGER_UNKNOWN',
    'ledger: how many removals there are to accept is not known, because the poller does not tell.',
    `Start the poller, look at what GET /v1/buckets/${bucket}/status says of removals, and accept that.`,
  );

const ledgerAhead = (bucket: string, given: number, known: number): Refusal =>
  new Refusal(
    'BUCKET.LEDGER_AHEAD',
    `ledger: ${given} is not reached; the ledger of ${bucket} stands at ${known}.`,
    `Give removals.ledger of GET /v1/buckets/${bucket}/status as you have looked at it, at most ${known}.`,
  );

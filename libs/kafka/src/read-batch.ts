import { type CloudEvent, parseEvent, type Topic } from '@mirror/events';
import type { Batch, IHeaders, KafkaMessage } from 'kafkajs';
import { offsetAfter } from './position.js';

export interface ReceivedEvent {
  readonly event: CloudEvent;
  readonly offset: string;
}

/** Messages of one partition in their order. */
export interface EventBatch {
  readonly topic: Topic;
  readonly partition: number;
  /** Those that could be read; may be empty. */
  readonly events: readonly ReceivedEvent[];
  readonly firstOffset: string;
  /** After the last message, those that are no event of ours included. */
  readonly nextOffset: string;
}

/** A message that is to be set aside, by its offset. */
export interface Rejected {
  readonly offset: string;
  /** For people. */
  readonly reason: string;
  /** Stable, for programs. */
  readonly code: string;
}

export interface ReadBatch {
  readonly batch: EventBatch;
  /** What is no event by its envelope, JSON or schema. */
  readonly malformed: readonly Rejected[];
  /** Types that this version does not know: newer producers may send them. */
  readonly unknownTypes: readonly string[];
}

export function readBatch(topic: Topic, batch: Batch): ReadBatch {
  const events: ReceivedEvent[] = [];
  const malformed: Rejected[] = [];
  const unknownTypes = new Set<string>();
  for (const message of batch.messages) {
    const { offset } = message;
    const parsed = readMessage(message);
    if (parsed.kind === 'event') events.push({ event: parsed.event, offset });
    else if (parsed.kind === 'invalid') malformed.push({ offset, reason: parsed.reason, code: 'EVENT.MALFORMED' });
    else unknownTypes.add(parsed.type);
  }
  const last = batch.lastOffset();
  const firstOffset = batch.firstOffset() ?? last;
  return {
    batch: { topic, partition: batch.partition, events, firstOffset, nextOffset: offsetAfter(last) },
    malformed,
    unknownTypes: [...unknownTypes],
  };
}

export const readMessage = ({ value, headers }: KafkaMessage) => parseEvent(value, firstValues(headers ?? {}));

/** A header may be repeated; the first one counts. */
function firstValues(headers: IHeaders): Record<string, Buffer | string | undefined> {
  const values: Record<string, Buffer | string | undefined> = {};
  for (const [name, value] of Object.entries(headers)) values[name] = Array.isArray(value) ? value[0] : value;
  return values;
}

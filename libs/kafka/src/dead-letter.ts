import type { Batch, KafkaMessage, Message } from 'kafkajs';
import type { Rejected } from './read-batch.js';

/**
 * The message as it came (key, value, headers), and in `dlq_` headers why it was set aside, and from where: enough to replay
 * it. A reason is UTF-8 text for people.
 */
export function deadLetter(batch: Batch, message: KafkaMessage, rejected: Rejected, at: Date): Message {
  return {
    key: message.key,
    value: message.value,
    headers: {
      ...message.headers,
      dlq_reason: rejected.reason.toWellFormed(),
      dlq_code: rejected.code,
      dlq_topic: batch.topic,
      dlq_partition: String(batch.partition),
      dlq_offset: rejected.offset,
      dlq_at: at.toISOString(),
    },
  };
}

/** In the order of their offsets, each message once. */
export function deadLetters(batch: Batch, rejected: readonly Rejected[], at: Date): Message[] {
  const byOffset = new Map(rejected.map((one) => [one.offset, one]));
  return batch.messages.flatMap((message) => {
    const reason = byOffset.get(message.offset);
    return reason === undefined ? [] : [deadLetter(batch, message, reason, at)];
  });
}

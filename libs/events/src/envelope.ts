import type { EventData, EventType } from './catalogue.js';

/**
 * An event on its way to Kafka: CloudEvents 1.0 in binary mode. The envelope travels in `ce_` headers, the data is the
 * message's JSON value.
 */
export interface CloudEvent<T extends EventType = EventType> {
  readonly id: string;
  readonly type: T;
  /** The service that says it. */
  readonly source: string;
  /** The bucket, bucket/key or location; the message's key, too. */
  readonly subject: string;
  /** ISO 8601, for people; rules never read it (R1). */
  readonly time: string;
  readonly data: EventData<T>;
}

export interface KafkaMessage {
  readonly key: string;
  readonly value: string;
  readonly headers: Readonly<Record<string, string>>;
}

export function toKafkaMessage(event: CloudEvent): KafkaMessage {
  // A lone surrogate has no UTF-8: it becomes U+FFFD in the key and in the subject alike. JSON keeps it, escaped.
  const subject = event.subject.toWellFormed();
  return {
    key: subject,
    value: JSON.stringify(event.data),
    headers: {
      ce_specversion: '1.0',
      ce_id: event.id,
      ce_type: event.type,
      ce_source: event.source,
      // UTF-8 as it is: the Kafka binding, unlike that of HTTP, encodes nothing.
      ce_subject: subject,
      ce_time: event.time,
      'content-type': 'application/json',
    },
  };
}

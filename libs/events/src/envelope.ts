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
  return {
    key: event.subject,
    value: JSON.stringify(event.data),
    headers: {
      ce_specversion: '1.0',
      ce_id: event.id,
      ce_type: event.type,
      ce_source: event.source,
      // Header values are bytes; subjects hold keys, so UTF-8 is kept by percent-encoding what ASCII lacks.
      ce_subject: encodeURI(event.subject.toWellFormed()),
      ce_time: event.time,
      'content-type': 'application/json',
    },
  };
}

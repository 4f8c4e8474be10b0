import { z } from 'zod';
import { type EventType, eventSchemas, type Topic, topics } from './catalogue.js';
import { eventSummaries } from './event-summaries.js';

const DAY_MS = 86_400_000;
const KAFKA_BINDING = '0.5.0';

/** An AsyncAPI 3.0 document: a channel for each topic, a message for each event. It refers to no other file. */
export function asyncApi(): object {
  const all: Topic[] = Object.values(topics);
  return {
    asyncapi: '3.0.0',
    info: {
      title: 'Zenko mirror events',
      version: '1',
      description:
        'CloudEvents 1.0 in binary mode: the attributes are `ce_` headers in UTF-8, the value is the data as JSON. ' +
        'Topic names are preceded by TOPIC_PREFIX where it is set. Delivery is at least once; `ce_id` tells repetitions.',
      license: { name: 'Apache-2.0' },
    },
    defaultContentType: 'application/json',
    channels: Object.fromEntries([...all.map((topic) => [topic.name, channel(topic)]), ['deadLetters', deadLetters]]),
    operations: Object.fromEntries(all.map((topic) => [`send ${topic.name}`, operation(topic)])),
    components: {
      messages: Object.fromEntries([
        ...all.flatMap((topic) => topic.events.map((type) => [type, message(type, topic)])),
        ['DeadLetter', deadLetter],
      ]),
      schemas: Object.fromEntries(all.flatMap((topic) => topic.events.map((type) => [type, dataSchema(type)]))),
    },
  };
}

function channel(topic: Topic): object {
  const topicConfiguration = topic.compacted
    ? { 'cleanup.policy': ['compact'] }
    : { 'cleanup.policy': ['delete'], 'retention.ms': topic.retentionDays * DAY_MS };
  return {
    address: topic.name,
    description: topic.compacted
      ? `The last whole state of each key, for ever. Message key: ${topic.key}. A lower revision is to be ignored.`
      : `Message key: ${topic.key}. Kept for ${topic.retentionDays} days.`,
    messages: Object.fromEntries(topic.events.map((type) => [type, reference('messages', type)])),
    bindings: { kafka: { partitions: topic.partitions, topicConfiguration, bindingVersion: KAFKA_BINDING } },
  };
}

const operation = (topic: Topic): object => ({
  action: 'send',
  channel: { $ref: `#/channels/${topic.name}` },
  messages: topic.events.map((type) => ({ $ref: `#/channels/${topic.name}/messages/${type}` })),
});

const message = (type: EventType, topic: Topic): object => ({
  name: type,
  title: type,
  summary: eventSummaries[type],
  contentType: 'application/json',
  headers: headersOf(type),
  payload: reference('schemas', type),
  bindings: { kafka: { key: { type: 'string', description: topic.key }, bindingVersion: KAFKA_BINDING } },
});

const text = (description: string): object => ({ type: 'string', minLength: 1, description });

function headersOf(type: EventType): object {
  const properties = {
    ce_specversion: { const: '1.0' },
    ce_id: text('The same when it is sent again'),
    ce_type: { const: type },
    ce_source: text('The service that says it'),
    ce_subject: text('What it is about, as the message key'),
    ce_time: { type: 'string', format: 'date-time', description: 'When it was said; for people' },
    'content-type': { const: 'application/json' },
  };
  return { type: 'object', properties, required: Object.keys(properties) };
}

/** Draft 7: what AsyncAPI's own schema objects extend, so that every tool reads them. */
function dataSchema(type: EventType): object {
  const { $schema: _, ...schema } = z.toJSONSchema(eventSchemas[type], { target: 'draft-7' });
  return { title: type, ...schema };
}

const reference = (kind: string, name: string): object => ({ $ref: `#/components/${kind}/${name}` });

const deadLetters = {
  address: '{topic}.{group}.dlq',
  description: 'What a consumer group could not apply, as it came, with the reason. One partition, kept for 14 days.',
  parameters: {
    topic: { description: 'The topic that it was read from' },
    group: { description: 'The consumer group, `zenko-mirror.` and the name of the service' },
  },
  messages: { DeadLetter: reference('messages', 'DeadLetter') },
  bindings: { kafka: { partitions: 1, bindingVersion: KAFKA_BINDING } },
};

const deadLetterHeaders = {
  dlq_reason: text('For people'),
  dlq_code: text('Stable, for programs'),
  dlq_topic: text('The topic that it was read from, with its prefix'),
  dlq_partition: { type: 'string', pattern: '^[0-9]+$' },
  dlq_offset: { type: 'string', pattern: '^[0-9]+$' },
  dlq_at: { type: 'string', format: 'date-time' },
};

const deadLetter = {
  name: 'DeadLetter',
  title: 'DeadLetter',
  summary: 'A message with key, value and headers as they were, and why it was set aside.',
  headers: { type: 'object', properties: deadLetterHeaders, required: Object.keys(deadLetterHeaders) },
  payload: { description: 'Any bytes' },
};

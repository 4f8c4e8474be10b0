import { readdirSync, readFileSync } from 'node:fs';
import { Ajv } from 'ajv';
import { Ajv2020 } from 'ajv/dist/2020.js';
import addFormats from 'ajv-formats';
import { describe, expect, it } from 'vitest';
import { eventDocuments } from '../src/event-documents.js';
import { type EventType, eventSchemas, toKafkaMessage, topics } from '../src/index.js';
import { sampleData } from './sample-data.js';

const folder = new URL('../../../docs/events/', import.meta.url);
const types = Object.keys(eventSchemas) as EventType[];
const published = (path: string) => JSON.parse(readFileSync(new URL(path, folder), 'utf8'));

it('what is published is what the code generates: npm run docs:events writes it anew', () => {
  const files = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((path) => path.endsWith('.json'));
  expect(files.sort()).toEqual([...eventDocuments().keys()].sort());
  for (const [path, text] of eventDocuments()) expect(published(path), path).toEqual(JSON.parse(text));
});

describe.each(types)('the published schemas of %s', (type) => {
  const api = published('asyncapi.json');
  const message = api.components.messages[type];
  const validators = {
    'JSON schema': addFormats.default(new Ajv2020({ strict: true })).compile(published(`schemas/${type}.schema.json`)),
    AsyncAPI: addFormats.default(new Ajv({ strict: true })).compile(api.components.schemas[type]),
  };
  const data = sampleData[type];

  it('accept what the code accepts', () => {
    expect(eventSchemas[type].safeParse(data)).toMatchObject({ success: true });
    for (const validate of Object.values(validators)) expect([validate(data), validate.errors]).toEqual([true, null]);
  });

  it('refuse what the code refuses: a field missing, of another type, or too much', () => {
    const wrong = [
      ...Object.keys(data).map((name) => ({ ...data, [name]: undefined })),
      ...Object.keys(data).map((name) => ({ ...data, [name]: [] })),
      { ...data, surplus: 1 },
    ].map((one) => JSON.parse(JSON.stringify(one)));
    for (const one of wrong) {
      const accepted = eventSchemas[type].safeParse(one).success;
      const answers = Object.values(validators).map((validate) => validate(one));
      expect(answers, JSON.stringify(one)).toEqual([accepted, accepted]);
    }
    expect(wrong.filter((one) => eventSchemas[type].safeParse(one).success).length).toBeLessThan(wrong.length / 2);
  });

  it('describe the headers of a message', () => {
    const validate = addFormats.default(new Ajv({ strict: true })).compile(message.headers);
    const time = '2026-01-02T03:04:05.678Z';
    const { headers } = toKafkaMessage({ id: 'i', type, source: 'config', subject: 'photos/ü', time, data });
    expect([validate(headers), validate.errors]).toEqual([true, null]);
    for (const name of Object.keys(headers)) expect(validate({ ...headers, [name]: undefined }), name).toBe(false);
    expect(validate({ ...headers, ce_type: 'Another' })).toBe(false);
  });
});

it('the AsyncAPI document has a channel for each topic, and each message in one of them', () => {
  const api = published('asyncapi.json');
  const names = Object.values(topics).map(({ name }) => name);
  expect(Object.keys(api.channels)).toEqual([...names, 'deadLetters']);
  const messages = names.flatMap((name) => Object.keys(api.channels[name].messages));
  expect(messages.sort()).toEqual([...types].sort());
  for (const type of types) expect(api.components.messages[type].summary, `a sentence on ${type}`).toMatch(/\.$/);
  for (const ref of references(api)) expect(resolve(api, ref), ref).toBeDefined();
});

function references(node: unknown): string[] {
  if (typeof node !== 'object' || node === null) return [];
  return Object.entries(node).flatMap(([name, value]) => (name === '$ref' ? [String(value)] : references(value)));
}

/** `#/channels/zenko.buckets.v1/messages/BucketMirrored` */
function resolve(document: unknown, ref: string): unknown {
  const [root, ...path] = ref.split('/');
  expect(root).toBe('#');
  return path.reduce<unknown>((node, name) => Object(node)[name], document);
}

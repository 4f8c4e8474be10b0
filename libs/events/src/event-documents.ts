import { z } from 'zod';
import { asyncApi } from './asyncapi.js';
import { type EventType, eventSchemas } from './catalogue.js';

/**
 * What is published of the events, generated from the schemas that the code validates with: path below `docs/events` ->
 * text. A JSON schema (2020-12) for the data of each type, and an AsyncAPI document of all topics.
 */
export function eventDocuments(): ReadonlyMap<string, string> {
  const types = Object.keys(eventSchemas) as EventType[];
  const schemas = types.map((type): [string, string] => [schemaPath(type), asText(jsonSchema(type))]);
  return new Map([...schemas, ['asyncapi.json', asText(asyncApi())]]);
}

const schemaPath = (type: EventType): string => `schemas/${type}.schema.json`;

function jsonSchema(type: EventType): object {
  const { $schema, ...schema } = z.toJSONSchema(eventSchemas[type], { target: 'draft-2020-12' });
  return { $schema, $id: `${type}.schema.json`, title: type, ...schema };
}

const asText = (document: object): string => `${JSON.stringify(document, null, 2)}\n`;

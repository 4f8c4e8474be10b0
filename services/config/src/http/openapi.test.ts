import { Ajv2020 } from 'ajv/dist/2020.js';
import addFormats from 'ajv-formats';
import { beforeAll, describe, expect, it } from 'vitest';
import { publicControllers } from '../config.module.js';
import { buildOpenApi } from './openapi.js';
import { problemCodes } from './problem-codes.js';

// biome-ignore lint/suspicious/noExplicitAny: a document of many shapes, read in a test
type Document = any;
let document: Document;
const ajv = new Ajv2020({ strict: false, allErrors: true });
addFormats.default(ajv);

beforeAll(() => {
  document = JSON.parse(JSON.stringify(buildOpenApi(publicControllers)));
  ajv.addSchema({ ...document, $id: 'openapi' });
});

const operations = (): [string, string, Document][] =>
  Object.entries<Document>(document.paths).flatMap(([path, methods]) =>
    Object.entries<Document>(methods).map(([method, operation]): [string, string, Document] => [
      path,
      method,
      operation,
    ]),
  );
const valid = (schema: Document, value: unknown): unknown => {
  const pointed = JSON.parse(JSON.stringify(schema).replaceAll('"#/', '"openapi#/'));
  const validate = ajv.compile(pointed);
  return validate(value) ? true : validate.errors;
};

describe('the OpenAPI document', () => {
  it('gives every operation an id of its own, a summary, and the answers of refusals', () => {
    const ids = operations().map(([, , operation]) => operation.operationId);
    expect(new Set(ids).size).toBe(ids.length);
    for (const [path, , operation] of operations()) {
      expect(operation.summary, path).toMatch(/\w/);
      if (operation.tags[0] === 'Service') continue;
      for (const status of ['400', '401', '403', '413', '500', '503']) {
        expect(operation.responses, `${path} ${status}`).toHaveProperty(status);
      }
    }
  });

  it('names every parameter of a path', () => {
    for (const [path, , operation] of operations()) {
      const named = [...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => name);
      const declared = (operation.parameters ?? []).filter((parameter: Document) => parameter.in === 'path');
      expect(declared.map((parameter: Document) => parameter.name)).toEqual(named);
    }
  });

  it('has examples that are valid', () => {
    let examples = 0;
    for (const [path, method, operation] of operations()) {
      const bodies = [operation.requestBody, ...Object.values<Document>(operation.responses)];
      for (const content of bodies.flatMap((body) => Object.values<Document>(body?.content ?? {}))) {
        const values = Object.values<Document>(content.examples ?? {}).map(({ value }) => value);
        for (const value of [content.example, ...values].filter((example) => example !== undefined)) {
          expect(valid(content.schema, value), `${method} ${path}`).toBe(true);
          examples += 1;
        }
      }
    }
    expect(examples).toBeGreaterThan(100);
  });

  it('knows the bounds that requests are parsed with', () => {
    const schema = document.paths['/v1/locations'].post.requestBody.content['application/json'].schema;
    const example = document.paths['/v1/locations'].post.requestBody.content['application/json'].example;
    expect(valid(schema, { ...example, name: 'no spaces' })).not.toBe(true);
    expect(valid(schema, { ...example, extra: 1 })).not.toBe(true);
    const { region: _region, bucketMatch: _bucketMatch, ...details } = example.details;
    expect(valid(schema, { ...example, details })).toBe(true);
    const limit = document.paths['/v1/locations'].get.parameters.find(({ name }: Document) => name === 'limit');
    expect(limit).toMatchObject({ required: false, schema: { type: 'integer', minimum: 1, maximum: 1000 } });
  });

  it('has no field for a secret but where one is given or made', () => {
    const answers = operations().flatMap(([path, method, operation]) =>
      Object.entries<Document>(operation.responses).map(([status, response]) => [
        `${method} ${path} ${status}`,
        JSON.stringify(response.content ?? {}),
      ]),
    );
    const telling = answers.filter(([, content]) => /secretKey|secretAccessKey|"token"/.test(content ?? ''));
    expect(telling.map(([name]) => name)).toEqual(['post /v1/access-keys 201', 'post /v1/tokens 201']);
    const { NewLocation, LocationChange, ...answered } = document.components.schemas;
    expect(/secretKey|secretAccessKey/.test(JSON.stringify(answered))).toBe(false);
    for (const given of [NewLocation, LocationChange]) {
      expect(given.properties.details.properties.secretKey).toMatchObject({ writeOnly: true });
    }
  });

  it('says nothing of the internal API', () => {
    expect(JSON.stringify(document)).not.toContain('/internal');
  });

  it('uses every code of the catalogue somewhere', () => {
    const text = JSON.stringify(document);
    const framework = ['REQUEST.NOT_FOUND', 'REQUEST.METHOD'];
    const unused = Object.keys(problemCodes).filter((code) => !text.includes(code) && !framework.includes(code));
    expect(unused).toEqual([]);
  });
});

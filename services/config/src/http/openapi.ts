import { RequestMethod, type Type } from '@nestjs/common';
import { METHOD_METADATA, PATH_METADATA } from '@nestjs/common/internal';
import { z } from 'zod';
import { handlerSchemas } from './handler-schemas.js';
import { JsonSchemas } from './json-schemas.js';
import { openPaths } from './open-paths.js';
import { OPERATION, type OperationOptions } from './operation.js';
import { problem, problemSchema } from './problem.js';
import { type ProblemCode, problemCodes, statusOf } from './problem-codes.js';

type Json = Readonly<Record<string, unknown>>;

/**
 * The OpenAPI 3.1 document of these controllers. It is made of what they run by: the routes that Nest registers, the schemas
 * that requests are parsed with, the roles that the guard asks for.
 */
export function buildOpenApi(controllers: readonly Type[]): Json {
  const schemas = new JsonSchemas();
  const paths: Record<string, Record<string, unknown>> = { ...openPaths };
  for (const { path, method, operation } of controllers.flatMap((controller) => operationsOf(controller, schemas))) {
    paths[path] = { ...paths[path], [method]: operation };
  }
  return {
    openapi: '3.1.0',
    info: {
      title: 'Zenko mirror: config',
      version: '1.0.0',
      description: 'Storage locations on S3 Connector, buckets that mirror them, and who may do what.',
      license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
    },
    tags: [{ name: 'Locations' }, { name: 'Buckets' }, { name: 'Failures' }, { name: 'Access' }, { name: 'Service' }],
    security: [{ bearer: [] }],
    paths,
    components: {
      securitySchemes: { bearer: { type: 'http', scheme: 'bearer', description: 'An API token' } },
      schemas: schemas.components(),
    },
  };
}

function operationsOf(controller: Type, schemas: JsonSchemas): { path: string; method: string; operation: Json }[] {
  const prefix: unknown = Reflect.getMetadata(PATH_METADATA, controller);
  return Object.getOwnPropertyNames(controller.prototype).flatMap((name) => {
    const handler: object = controller.prototype[name];
    const options: OperationOptions | undefined = Reflect.getMetadata(OPERATION, handler);
    if (!options) return [];
    const segments = `${prefix}/${Reflect.getMetadata(PATH_METADATA, handler)}`
      .split('/')
      .filter((part) => part !== '');
    const path = `/${segments.map((part) => part.replace(/^:(.+)$/, '{$1}')).join('/')}`;
    const method = String(RequestMethod[Reflect.getMetadata(METHOD_METADATA, handler)]).toLowerCase();
    return [{ path, method, operation: describe(controller, name, options, schemas) }];
  });
}

function describe(controller: Type, handler: string, options: OperationOptions, schemas: JsonSchemas): Json {
  const { params, query, body } = handlerSchemas(controller, handler);
  const parameters = [...parametersOf('path', params, schemas), ...parametersOf('query', query, schemas)];
  const { id, summary, tag, role, examples } = options;
  return {
    operationId: id,
    summary,
    description: `Needs a token of role ${role}.`,
    tags: [tag],
    ...(parameters.length > 0 && { parameters }),
    ...(body && { requestBody: bodyOf(body, examples?.body, schemas) }),
    responses: { ...successOf(options, schemas), ...problemsOf(options, body !== undefined, schemas) },
  };
}

function parametersOf(place: 'path' | 'query', object: z.ZodObject | undefined, schemas: JsonSchemas): Json[] {
  return Object.entries(object?.shape ?? {}).map(([name, field]) => ({
    name,
    in: place,
    required: place === 'path' || !z.safeParse(field, undefined).success,
    description: z.globalRegistry.get(field)?.description ?? name,
    schema: schemas.of(field as z.ZodType, 'output'),
  }));
}

function bodyOf(body: z.ZodType, example: unknown, schemas: JsonSchemas): Json {
  const content = {
    'application/json': { schema: schemas.of(body, 'input'), ...(example !== undefined && { example }) },
  };
  return { required: !body.safeParse(undefined).success, content };
}

function successOf({ status = 200, alsoStatus, answer, examples }: OperationOptions, schemas: JsonSchemas): Json {
  const example = examples?.answer;
  const content = answer && {
    'application/json': { schema: schemas.of(answer, 'output'), ...(example !== undefined && { example }) },
  };
  const first = { description: answer ? 'Done' : 'Done; the body is empty', ...(content && { content }) };
  if (!alsoStatus) return { [status]: first };
  return { [status]: first, [alsoStatus.status]: { ...first, description: alsoStatus.when } };
}

const everywhere: readonly ProblemCode[] = [
  'REQUEST.INVALID_FIELD',
  'REQUEST.UNKNOWN_FIELD',
  'REQUEST.MALFORMED',
  'AUTH.TOKEN_MISSING',
  'AUTH.TOKEN_UNKNOWN',
  'AUTH.FORBIDDEN',
  'REQUEST.TOO_LARGE',
  'REQUEST.URI_TOO_LONG',
  'REQUEST.MEDIA_TYPE',
  'CONFIG.INTERNAL',
  'CONFIG.DATABASE_UNAVAILABLE',
  'CONFIG.STOPPING',
];

function problemsOf({ problems = [] }: OperationOptions, hasBody: boolean, schemas: JsonSchemas): Json {
  const withoutBody = everywhere.filter((code) => code !== 'REQUEST.MEDIA_TYPE' || hasBody);
  const byStatus = Object.groupBy([...withoutBody, ...problems], statusOf);
  const schema = schemas.of(problemSchema, 'output');
  return Object.fromEntries(
    Object.entries(byStatus).map(([status, codes = []]) => {
      const examples = Object.fromEntries(
        codes.map((code) => [code, { value: problem(code, `${problemCodes[code][1]}.`, 'How to mend it.') }]),
      );
      const content = { schema: { ...schema, properties: { code: { enum: codes } } }, examples };
      return [status, { description: codes.join(', '), content: { 'application/problem+json': content } }];
    }),
  );
}

import type { Type } from '@nestjs/common';
import { ROUTE_ARGS_METADATA, RouteParamtypes } from '@nestjs/common/internal';
import { z } from 'zod';

export interface HandlerSchemas {
  readonly params?: z.ZodObject;
  readonly query?: z.ZodObject;
  readonly body?: z.ZodType;
}

/** The schemas that a handler's parameters declare, and that {@link ParseRequest} parses by. */
export function handlerSchemas(controller: Type, handler: string): HandlerSchemas {
  const declared: unknown = Reflect.getMetadata(ROUTE_ARGS_METADATA, controller, handler);
  const entries = Object.entries(typeof declared === 'object' && declared !== null ? declared : {});
  const schemaOf = (kind: RouteParamtypes): unknown => entries.find(([key]) => key.startsWith(`${kind}:`))?.[1]?.schema;
  return {
    params: asObject(schemaOf(RouteParamtypes.PARAM)),
    query: asObject(schemaOf(RouteParamtypes.QUERY)),
    body: asType(schemaOf(RouteParamtypes.BODY)),
  };
}

const asObject = (schema: unknown): z.ZodObject | undefined => (schema instanceof z.ZodObject ? schema : undefined);
const asType = (schema: unknown): z.ZodType | undefined => (schema instanceof z.ZodType ? schema : undefined);

import { z } from 'zod';

type Json = Readonly<Record<string, unknown>>;

/** Turns zod schemas into JSON schemas. Those with an id in their meta become components that the others refer to. */
export class JsonSchemas {
  readonly #components = new Map<string, unknown>();

  /** `input`: as a client sends it, what has a default may be left out; `output`: as we answer it. */
  of(schema: z.ZodType, io: 'input' | 'output'): Json {
    const { $schema: _dialect, $defs = {}, ...rest } = z.toJSONSchema(schema, { io });
    for (const [name, definition] of Object.entries($defs)) this.#components.set(name, intoDocument(definition));
    return intoDocument(rest);
  }

  components(): Json {
    return Object.fromEntries([...this.#components].sort(([a], [b]) => (a < b ? -1 : 1)));
  }
}

/** References point into the document, not into a schema of its own. */
const intoDocument = (schema: unknown): Json =>
  JSON.parse(JSON.stringify(schema).replaceAll('"#/$defs/', '"#/components/schemas/'));

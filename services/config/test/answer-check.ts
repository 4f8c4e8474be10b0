import { Ajv2020 } from 'ajv/dist/2020.js';
import addFormats from 'ajv-formats';
import { expect } from 'vitest';
import type { Answer } from './running-config.js';

// biome-ignore lint/suspicious/noExplicitAny: a document of many shapes, read in a test
type Document = any;

/** Checks every real answer against the OpenAPI document that the service itself publishes. */
export class AnswerCheck {
  readonly #ajv = new Ajv2020({ strict: false, allErrors: true });
  /** 'createLocation 201' */
  readonly seen = new Set<string>();

  private constructor(readonly document: Document) {
    addFormats.default(this.#ajv);
    this.#ajv.addSchema({ ...document, $id: 'openapi' });
  }

  static async of(url: string): Promise<AnswerCheck> {
    const response = await fetch(`${url}/openapi.json`);
    return new AnswerCheck(await response.json());
  }

  check(method: string, path: string, { status, headers, body, text }: Answer): void {
    const found = this.#find(path.split('?', 1)[0] ?? '');
    const operation = found && this.document.paths[found][method.toLowerCase()];
    if (!operation) {
      expect([401, 404, 405], `${method} ${path} is in no document`).toContain(status);
      return;
    }
    const declared = operation.responses[status];
    expect(declared, `${method} ${path} answers ${status}: ${text}`).toBeDefined();
    this.seen.add(`${operation.operationId} ${status}`);
    if (!declared.content) {
      expect(text).toBe('');
      return;
    }
    const [[type, content]] = Object.entries<Document>(declared.content) as [[string, Document]];
    expect(headers.get('content-type')?.split(';', 1)[0]).toBe(type);
    const pointer = this.#pointer(found, method, status, type);
    const validate = this.#ajv.getSchema(pointer) ?? this.#ajv.compile({ $ref: pointer });
    expect(content.schema).toBeDefined();
    if (!validate(body ?? text))
      expect.fail(`${method} ${path} ${status}: ${this.#ajv.errorsText(validate.errors)}\n${text}`);
  }

  #find(path: string): string | undefined {
    return Object.keys(this.document.paths).find((template) =>
      new RegExp(`^${template.replace(/\{\w+\}/g, '[^/]+')}$`).test(path),
    );
  }

  #pointer(template: string, method: string, status: number, type: string): string {
    const parts = ['paths', template, method.toLowerCase(), 'responses', String(status), 'content', type, 'schema'];
    const escaped = parts.map((part) => encodeURIComponent(part.replaceAll('~', '~0').replaceAll('/', '~1')));
    return `openapi#/${escaped.join('/')}`;
  }
}

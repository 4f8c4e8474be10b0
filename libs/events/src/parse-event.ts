import { type EventType, eventSchemas } from './catalogue.js';
import type { CloudEvent } from './envelope.js';

export type ParsedEvent =
  | { readonly kind: 'event'; readonly event: CloudEvent }
  /** Well formed, but of a type this version does not know: newer producers may add some. */
  | { readonly kind: 'unknown'; readonly type: string }
  | { readonly kind: 'invalid'; readonly reason: string };

/** Reads one message as it came from Kafka. Never throws: what cannot be read is said with its reason. */
export function parseEvent(
  value: Buffer | string | null,
  headers: Readonly<Record<string, Buffer | string | undefined>>,
): ParsedEvent {
  const header = (name: string): string => headers[name]?.toString() ?? '';
  if (header('ce_specversion') !== '1.0') return invalid('ce_specversion is not 1.0');
  for (const name of ['ce_id', 'ce_type', 'ce_source', 'ce_subject', 'ce_time']) {
    if (header(name) === '') return invalid(`${name} is missing`);
  }
  const type = header('ce_type');
  if (!isEventType(type)) return { kind: 'unknown', type };
  const data = parseJson(value);
  if (data instanceof SyntaxError) return invalid(`the value is not JSON: ${data.message}`);
  const result = eventSchemas[type].safeParse(data);
  if (!result.success) return invalid(result.error.issues.map((i) => `${i.path.join('.')}: ${i.message}`).join('; '));
  const event: CloudEvent = {
    id: header('ce_id'),
    type,
    source: header('ce_source'),
    subject: header('ce_subject'),
    time: header('ce_time'),
    data: result.data,
  };
  return { kind: 'event', event };
}

const invalid = (reason: string): ParsedEvent => ({ kind: 'invalid', reason });

const isEventType = (type: string): type is EventType => Object.hasOwn(eventSchemas, type);

function parseJson(value: Buffer | string | null): unknown {
  if (value === null) return new SyntaxError('it is empty');
  try {
    return JSON.parse(value.toString());
  } catch (error) {
    return error instanceof SyntaxError ? error : new SyntaxError(String(error));
  }
}

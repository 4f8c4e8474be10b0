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
  if (textOf(headers.ce_specversion) !== '1.0') return invalid('ce_specversion is not 1.0');
  const id = textOf(headers.ce_id);
  const type = textOf(headers.ce_type);
  const source = textOf(headers.ce_source);
  const subject = textOf(headers.ce_subject);
  const time = textOf(headers.ce_time);
  for (const [name, text] of Object.entries({ id, type, source, subject, time })) {
    if (text === '') return invalid(`ce_${name} is missing`);
  }
  if (!isEventType(type)) return { kind: 'unknown', type };
  const data = parseJson(value);
  if (data instanceof SyntaxError) return invalid(`the value is not JSON: ${data.message}`);
  const result = eventSchemas[type].safeParse(data);
  if (!result.success) return invalid(result.error.issues.map((i) => `${i.path.join('.')}: ${i.message}`).join('; '));
  return { kind: 'event', event: { id, type, source, subject, time, data: result.data } };
}

const textOf = (header: Buffer | string | undefined): string => header?.toString() ?? '';

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

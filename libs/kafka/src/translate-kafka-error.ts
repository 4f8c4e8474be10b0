import { FatalError, PermanentError, TransientError } from '@mirror/runtime';

/** What the broker refuses for good, by its protocol error. All others may pass: the operator or time mends them. */
const REFUSED: Readonly<Record<string, { code: string; hint: string }>> = {
  MESSAGE_TOO_LARGE: { code: 'KAFKA.MESSAGE_TOO_LARGE', hint: 'Raise max.message.bytes of the topic.' },
  RECORD_LIST_TOO_LARGE: { code: 'KAFKA.MESSAGE_TOO_LARGE', hint: 'Raise segment.bytes of the topic.' },
  INVALID_TOPIC_EXCEPTION: {
    code: 'KAFKA.BAD_TOPIC',
    hint: 'Check TOPIC_PREFIX: letters, digits, dot, dash, underscore.',
  },
  INVALID_CONFIG: { code: 'KAFKA.BAD_TOPIC', hint: 'The broker refuses the settings of the topic: create it by hand.' },
  POLICY_VIOLATION: { code: 'KAFKA.BAD_TOPIC', hint: 'A policy of the broker refuses the topic: create it by hand.' },
};

/** What may pass, but only when somebody does something. */
const MENDABLE: Readonly<Record<string, { code: string; hint: string }>> = {
  UNKNOWN_TOPIC_OR_PARTITION: {
    code: 'KAFKA.NO_TOPIC',
    hint: 'Create the topic, or let the service create it at start.',
  },
  TOPIC_AUTHORIZATION_FAILED: { code: 'KAFKA.DENIED', hint: 'Allow this client to use the topic.' },
  GROUP_AUTHORIZATION_FAILED: { code: 'KAFKA.DENIED', hint: 'Allow this client to use the consumer group.' },
  CLUSTER_AUTHORIZATION_FAILED: { code: 'KAFKA.DENIED', hint: 'Allow this client to create topics.' },
};

type CodedError = TransientError | PermanentError | FatalError;

/** Every error of kafkajs becomes one of ours here, and nowhere else. */
export function translateKafkaError(error: unknown): CodedError {
  if (error instanceof TransientError || error instanceof PermanentError || error instanceof FatalError) return error;
  const type = protocolErrorType(error);
  const message = error instanceof Error ? error.message : String(error);
  const refused = REFUSED[type];
  if (refused) return new PermanentError(`Kafka refused it: ${message}`, { ...refused, cause: error });
  const mendable = MENDABLE[type];
  if (mendable) return new TransientError(`Kafka can't do it now: ${message}`, { ...mendable, cause: error });
  return new TransientError(`Kafka is not available: ${message}`, {
    code: 'KAFKA.UNAVAILABLE',
    hint: 'Check that the brokers of KAFKA_BROKERS run and can be reached.',
    cause: error,
  });
}

/**
 * The broker's own word, however deep kafkajs wrapped it; empty when the broker said nothing. Told by shape: Node finds no
 * error class among the names that kafkajs exports.
 */
export function protocolErrorType(error: unknown): string {
  if (!(error instanceof Error)) return '';
  if ('type' in error && typeof error.type === 'string') return error.type;
  if ('errors' in error && Array.isArray(error.errors)) return error.errors.map(protocolErrorType).find(Boolean) ?? '';
  return protocolErrorType(error.cause);
}

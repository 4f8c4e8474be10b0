import type { Logger } from '@mirror/runtime';
import { type LogEntry, type logCreator, logLevel } from 'kafkajs';

/** kafkajs says this whenever retries are bounded; message-sender.ts replaces the producer after every failure instead. */
const KNOWN_WARNING = 'Limiting retries for the idempotent producer';
/** What these two log as an error is an exception, too, logged where that is handled; several a second while Kafka is away. */
const ALSO_THROWN = new Set(['Connection', 'BrokerPool']);

/** Sends what kafkajs logs to pino, each entry at the level of the same name but for the two above. */
export function kafkaLog(logger: Logger): logCreator {
  return () =>
    ({ namespace, level, log: { message, timestamp: _timestamp, logger: _logger, ...fields } }: LogEntry) => {
      const entry = { ...fields, namespace };
      switch (level) {
        case logLevel.ERROR:
          return ALSO_THROWN.has(namespace) ? logger.debug(entry, message) : logger.error(entry, message);
        case logLevel.WARN:
          return message.startsWith(KNOWN_WARNING) ? logger.debug(entry, message) : logger.warn(entry, message);
        case logLevel.INFO:
          return logger.info(entry, message);
        case logLevel.DEBUG:
          return logger.debug(entry, message);
        case logLevel.NOTHING:
          return;
      }
    };
}

/** kafkajs formats what it logs even when nobody reads it: it is told the level beforehand. */
export function kafkaLogLevel(logger: Logger): logLevel {
  if (logger.isLevelEnabled('debug')) return logLevel.DEBUG;
  if (logger.isLevelEnabled('info')) return logLevel.INFO;
  if (logger.isLevelEnabled('warn')) return logLevel.WARN;
  if (logger.isLevelEnabled('error')) return logLevel.ERROR;
  return logLevel.NOTHING;
}

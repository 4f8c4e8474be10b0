import { type DestinationStream, type Logger, pino, stdTimeFunctions } from 'pino';

export type { Logger };

/** Fields whose values never reach a log line (I8), at the top and two levels down. */
const SECRET_FIELDS = ['secretKey', 'secretAccessKey', 'token', 'password', 'authorization', 'masterKey'];
const paths = SECRET_FIELDS.flatMap((name) => [name, `*.${name}`, `*.*.${name}`]);

export function createLogger(service: string, level: string, destination?: DestinationStream): Logger {
  const options = {
    level,
    base: { service },
    timestamp: stdTimeFunctions.isoTime,
    redact: { paths: [...paths, 'req.headers.authorization', 'req.headers.cookie'], censor: '[secret]' },
    formatters: { level: (label: string) => ({ level: label }) },
  };
  return destination ? pino(options, destination) : pino(options);
}

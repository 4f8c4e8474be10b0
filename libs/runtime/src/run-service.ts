import type { Logger } from './logger.js';

/** What a service's `main.ts` hands over: it starts everything, and gives back how to stop it in order. */
export interface RunningService {
  /** Where it listens, for the log. */
  readonly url: string;
  /** Stops intake, drains what is in flight, closes connections. */
  stop(): Promise<void>;
}

const STOP_TIMEOUT_MS = 10_000;

/**
 * Runs a service until SIGINT or SIGTERM, then stops it within 10 s. A start that fails, or an error that nobody caught,
 * ends the process with exit code 1: the supervisor starts it anew.
 */
export async function runService(logger: Logger, start: () => Promise<RunningService>): Promise<void> {
  let running: RunningService | undefined;
  let stopping = false;
  const stop = async (reason: string, exitCode: number): Promise<void> => {
    if (stopping) return;
    stopping = true;
    logger.info({ reason }, 'stopping');
    const timer = setTimeout(() => {
      logger.error({ timeoutMs: STOP_TIMEOUT_MS }, 'the stop took too long, leaving');
      process.exit(1);
    }, STOP_TIMEOUT_MS);
    await running?.stop().catch((error: unknown) => logger.error({ err: error }, 'the stop failed'));
    clearTimeout(timer);
    process.exit(exitCode);
  };
  process.on('SIGINT', () => void stop('SIGINT', 0));
  process.on('SIGTERM', () => void stop('SIGTERM', 0));
  process.on('uncaughtException', (error) => {
    logger.fatal({ err: error }, 'an error that nobody caught');
    void stop('uncaughtException', 1);
  });
  process.on('unhandledRejection', (error) => {
    logger.fatal({ err: error }, 'a rejection that nobody caught');
    void stop('unhandledRejection', 1);
  });
  try {
    running = await start();
    logger.info({ url: running.url }, 'started');
  } catch (error) {
    logger.fatal({ err: error }, 'could not start');
    await stop('could not start', 1);
  }
}

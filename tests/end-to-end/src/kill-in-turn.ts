import { setTimeout as sleep } from 'node:timers/promises';
import type { ServerProcess } from '@mirror/local';

export interface Killing {
  /** So far. */
  readonly kills: number;
  /** Settles when all of them run. */
  stop(): Promise<void>;
}

/** For services that are killed and come back: Kafka keeps what the dead one was reading for so long. 6 is the least it takes. */
export const missedSoon = { KAFKA_SESSION_SECONDS: '6' };

/**
 * From now on every so many milliseconds one process, each in its turn, gets SIGKILL, and is started again at once. None is
 * killed before the last one is ready again.
 */
export function killInTurn(processes: readonly ServerProcess[], everyMs: number): Killing {
  const abort = new AbortController();
  let kills = 0;
  const run = async () => {
    for (let turn = 0; !abort.signal.aborted; turn += 1) {
      await sleep(everyMs, undefined, { signal: abort.signal }).catch(() => undefined);
      const victim = processes[turn % processes.length];
      if (abort.signal.aborted || victim === undefined) return;
      await killAndRestart(victim);
      kills += 1;
    }
  };
  const running = run();
  running.catch(() => undefined); // told by stop
  return {
    get kills() {
      return kills;
    },
    stop: () => {
      abort.abort();
      return running;
    },
  };
}

export async function killAndRestart(process: ServerProcess): Promise<void> {
  await process.kill();
  await process.start();
}

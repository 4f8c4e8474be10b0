import type { Report } from './install-cache.js';
import type { ServerProcess } from './server-process.js';

export interface StartOptions {
  /** Kept by the caller; each server has a folder of its own in it. */
  dataDir: string;
  /** A free one when none is given. */
  port?: number;
  /** For the log file, NAME.log; `dataDir` when none is given. */
  logDir?: string;
  report?: Report;
  /** Called with the pid of each process as soon as it exists. */
  onSpawn?(pid: number): void;
}

/** A server on loopback. After `stop` or `kill`, `start` brings it back on the same port with the same data. */
export type RunningServer = ServerProcess;

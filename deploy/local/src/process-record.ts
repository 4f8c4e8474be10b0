import { rmSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { readJson, writeWhole } from './local-folder.js';
import { identifyProcess, isRunning, type ProcessIdentity, signalProcess } from './process-identity.js';

interface Recorded {
  launcher: ProcessIdentity;
  children: ProcessIdentity[];
}

const patienceMs = 15_000;

/**
 * The file that says which processes a launcher has started, so that the next one can end what a launcher that was killed
 * left behind. Start times are compared, too: a pid that the system has given to somebody else is left alone.
 */
export class ProcessRecord {
  #children: ProcessIdentity[] = [];

  constructor(private readonly file: string) {}

  /** The pid of a launcher that still runs on this file; null when there is none. */
  runningLauncher(): number | null {
    const recorded = readJson(this.file) as Recorded | null;
    return recorded !== null && isRunning(recorded.launcher) ? recorded.launcher.pid : null;
  }

  /** Ends what an earlier launcher left, and answers how many that were. Call it only when no launcher runs. */
  async endLeftovers(): Promise<number> {
    const recorded = readJson(this.file) as Recorded | null;
    const left = (recorded?.children ?? []).filter(isRunning);
    for (const child of left) signalProcess(child, 'SIGTERM');
    const deadline = Date.now() + patienceMs;
    while (left.some(isRunning) && Date.now() < deadline) await sleep(100);
    for (const child of left) signalProcess(child, 'SIGKILL');
    while (left.some(isRunning)) await sleep(50);
    return left.length;
  }

  /** Notes a child right after it was started; the ones that have ended meanwhile are dropped. */
  add(pid: number): void {
    this.#children = [...this.#children.filter(isRunning), identifyProcess(pid)];
    this.write();
  }

  /** Notes this launcher itself. */
  write(): void {
    writeWhole(this.file, { launcher: identifyProcess(process.pid), children: this.#children } satisfies Recorded);
  }

  remove(): void {
    rmSync(this.file, { force: true });
  }
}

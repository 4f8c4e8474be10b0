import { readFileSync } from 'node:fs';

/**
 * A process, told apart from a later one that was given the same pid. `startTime` is in clock ticks since boot, as the
 * kernel gives it; null where there is no /proc, and then the pid alone must do.
 */
export interface ProcessIdentity {
  pid: number;
  startTime: string | null;
}

/** The identity of a process that runs now. */
export function identifyProcess(pid: number): ProcessIdentity {
  return { pid, startTime: readStat(pid)?.startTime ?? null };
}

/** Whether that very process is still there. A zombie, dead and not yet collected by its parent, is not. */
export function isRunning(identity: ProcessIdentity): boolean {
  if (identity.startTime === null) return answersSignal(identity.pid);
  const stat = readStat(identity.pid);
  return stat !== null && stat.startTime === identity.startTime && stat.state !== 'Z';
}

/** Sends a signal, but only to that very process; false when it is gone. */
export function signalProcess(identity: ProcessIdentity, signal: NodeJS.Signals): boolean {
  if (!isRunning(identity)) return false;
  try {
    process.kill(identity.pid, signal);
    return true;
  } catch {
    return false; // ended between the look and the signal
  }
}

/** The parent's pid, from the kernel; 0 where it can't be told. */
export function parentOf(pid: number): number {
  return readStat(pid)?.parent ?? 0;
}

interface Stat {
  state: string;
  parent: number;
  startTime: string;
}

function readStat(pid: number): Stat | null {
  try {
    return parseStat(readFileSync(`/proc/${pid}/stat`, 'utf8'));
  } catch {
    return null;
  }
}

/** Reads `/proc/PID/stat`. The second field, the command's name, is in brackets and may itself hold blanks and brackets. */
export function parseStat(text: string): Stat | null {
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
  const [state, parent] = fields;
  const startTime = fields[19]; // field 22 of proc(5); the first one here is field 3
  if (state === undefined || parent === undefined || startTime === undefined) return null;
  return { state, parent: Number(parent), startTime };
}

function answersSignal(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

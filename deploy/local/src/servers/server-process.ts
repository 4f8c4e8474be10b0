import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, existsSync, mkdirSync, openSync, readFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { isTaken } from './ports.js';

export interface ServerProcessOptions {
  /** For a person: "Kafka". */
  name: string;
  command: string;
  args: string[];
  /** Added to the environment of this process. */
  env?: Record<string, string>;
  /** What it listens on. Somebody else on it would look as if this one were ready. */
  port: number;
  /** Its output is appended here. */
  logFile: string;
  /** Called with the pid of each process as soon as it exists, long before it is ready. */
  onSpawn?(pid: number): void;
  /** Settles true when the server does its work; asked again until then, or until `startTimeoutMs`. */
  isReady(): Promise<boolean>;
  startTimeoutMs?: number;
  /** After SIGTERM and this long, SIGKILL. */
  stopTimeoutMs?: number;
}

const waitBetweenLooksMs = 100;

/**
 * A program that runs beside this one and dies with it. Stopped, killed and started again any number of times, with the
 * same arguments: same port, same data.
 */
export class ServerProcess {
  #child: ChildProcess | null = null;
  /** Children that this class itself ends: their exit is no death. */
  readonly #ending = new WeakSet<ChildProcess>();
  #onDeath: () => void = () => {};

  constructor(private readonly options: ServerProcessOptions) {}

  get port(): number {
    return this.options.port;
  }

  get name(): string {
    return this.options.name;
  }

  get logFile(): string {
    return this.options.logFile;
  }

  /** Calls back each time the process ends without having been asked to; not while it starts, which is `start`'s failure. */
  onDeath(listener: () => void): void {
    this.#onDeath = listener;
  }

  /** Of the running process; 0 while there is none. */
  get pid(): number {
    return this.#child?.pid ?? 0;
  }

  /** Settles when the server is ready; fails with the end of its log when it died or took too long. */
  async start(): Promise<void> {
    const { name, port } = this.options;
    if (this.#child !== null) throw new Error(`${name} runs already`);
    if (await isTaken(port)) throw new Error(`${name} can't be started: port ${port} is taken`);
    const child = spawnLogged(this.options);
    this.#child = child;
    if (child.pid !== undefined) this.options.onSpawn?.(child.pid);
    child.once('exit', () => {
      if (this.#child === child) this.#child = null;
    });
    try {
      await this.#waitUntilReady(child);
    } catch (error) {
      await this.kill();
      throw error;
    }
    child.once('exit', () => {
      if (!this.#ending.has(child)) this.#onDeath();
    });
  }

  /** Asks it to end and waits until it has. Does nothing when it does not run. */
  async stop(): Promise<void> {
    const child = this.#child;
    if (child === null) return;
    this.#ending.add(child);
    const ended = once(child, 'exit');
    child.kill('SIGTERM');
    const timer = setTimeout(() => child.kill('SIGKILL'), this.options.stopTimeoutMs ?? 20_000);
    await ended;
    clearTimeout(timer);
  }

  /** SIGKILL, as a crash would end it, and waits until it has. */
  async kill(): Promise<void> {
    const child = this.#child;
    if (child === null) return;
    this.#ending.add(child);
    const ended = once(child, 'exit');
    child.kill('SIGKILL');
    await ended;
  }

  async #waitUntilReady(child: ChildProcess): Promise<void> {
    const { name, isReady, logFile, startTimeoutMs = 60_000 } = this.options;
    const deadline = Date.now() + startTimeoutMs;
    let spawnError: Error | null = null;
    child.once('error', (error) => {
      spawnError = error;
    });
    while (!(await isReady().catch(() => false))) {
      if (spawnError !== null) throw new Error(`${name} can't be started`, { cause: spawnError });
      if (this.#child !== child) throw new Error(`${name} ended while starting:\n${tailOf(logFile)}`);
      if (Date.now() > deadline) throw new Error(`${name} was not ready in ${startTimeoutMs} ms:\n${tailOf(logFile)}`);
      await sleep(waitBetweenLooksMs);
    }
  }
}

/** The last lines of a log; empty when there is none. */
export function tailOf(logFile: string, lines = 25): string {
  try {
    return readFileSync(logFile, 'utf8').trimEnd().split('\n').slice(-lines).join('\n');
  } catch {
    return '';
  }
}

/** In a process group of its own, so that Ctrl-C reaches only the parent, which then stops its servers in order. */
function spawnLogged({ command, args, env, logFile }: ServerProcessOptions): ChildProcess {
  mkdirSync(dirname(logFile), { recursive: true });
  const log = openSync(logFile, 'a');
  try {
    const [program, ...rest] = [...dieWithParent(), command, ...args] as [string, ...string[]];
    return spawn(program, rest, { env: { ...process.env, ...env }, stdio: ['ignore', log, log], detached: true });
  } finally {
    closeSync(log);
  }
}

/** Linux ends the child when this process ends in whatever way, kill -9 included; elsewhere only an orderly end stops it. */
function dieWithParent(): string[] {
  const setpriv = '/usr/bin/setpriv';
  return existsSync(setpriv) ? [setpriv, '--pdeathsig', 'KILL', '--'] : [];
}

import { type ConnectorError, translateS3Error } from '@mirror/connector';
import type { Logger } from '@mirror/runtime';
import type { Bandwidth } from './bandwidth.js';
import { type Circuit, type CircuitError, closed, probeFailed, probeNow } from './circuit.js';
import type { ConnectorAccess } from './connector-access.js';

/** What a probe found: the location is well, well by other credentials than before, or not well. */
export type ProbeResult = 'well' | 'changed' | 'open';

/**
 * A location as pushes see it: its connector, its bandwidth, and its circuit (rule R11). The circuit opens when a probe fails,
 * which an operation's failure asks for; while it is open the probe is repeated with backoff, and whoever waits is told when
 * it has closed.
 */
export class LocationPushes {
  #circuit: Circuit = closed;
  #probing: Promise<ProbeResult> | undefined;
  #timer: NodeJS.Timeout | undefined;
  /** When it was open last, in monotonic milliseconds. */
  #openAt = Number.NEGATIVE_INFINITY;
  #stopped = false;

  constructor(
    readonly name: string,
    readonly access: ConnectorAccess,
    readonly bandwidth: Bandwidth,
    private readonly onClosed: () => void,
    private readonly logger: Logger,
  ) {}

  get isOpen(): boolean {
    return this.#circuit.kind === 'open';
  }

  /** @param at In monotonic milliseconds. */
  wasOpenSince(at: number): boolean {
    return this.isOpen || this.#openAt >= at;
  }

  /** Why nothing is pushed; undefined: it is. */
  get error(): CircuitError | undefined {
    return this.#circuit.kind === 'open' ? this.#circuit.error : undefined;
  }

  /** An operation met something that others may meet as well. All who ask at once share one probe. */
  probe(): Promise<ProbeResult> {
    this.#probing ??= this.#probe().finally(() => {
      this.#probing = undefined;
    });
    return this.#probing;
  }

  /** The location was changed: its credentials are fetched anew, and an open circuit is probed at once. */
  refresh(): void {
    this.access.refresh();
    if (this.#circuit.kind !== 'open') return;
    this.#circuit = probeNow(this.#circuit, performance.now());
    this.#schedule();
  }

  stop(): void {
    this.#stopped = true;
    clearTimeout(this.#timer);
    this.access.close();
  }

  async #probe(): Promise<ProbeResult> {
    try {
      const { changed } = await this.access.probe();
      this.#close();
      return changed ? 'changed' : 'well';
    } catch (error) {
      this.#open(translateS3Error(error));
      return 'open';
    }
  }

  #open({ code, message, hint }: ConnectorError): void {
    const wasOpen = this.isOpen;
    const error = { code, detail: message, hint, at: new Date() };
    this.#circuit = probeFailed(this.#circuit, error, performance.now(), Math.random());
    if (!wasOpen) this.logger.warn({ location: this.name, code, detail: message }, 'nothing is pushed to a location');
    this.#schedule();
  }

  #close(): void {
    clearTimeout(this.#timer);
    if (!this.isOpen) return;
    this.#openAt = performance.now();
    this.#circuit = closed;
    this.logger.info({ location: this.name }, 'a location is pushed to again');
    this.onClosed();
  }

  #schedule(): void {
    clearTimeout(this.#timer);
    if (this.#stopped || this.#circuit.kind !== 'open') return;
    const waitMs = Math.max(0, this.#circuit.probeAt - performance.now());
    this.#timer = setTimeout(() => void this.probe(), waitMs);
  }
}

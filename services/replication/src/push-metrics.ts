import { Counter, Histogram, type Registry } from 'prom-client';
import type { PushResult } from './push/push-result.js';
import type { Operation } from './state/push-attempt.js';

/** How the pushes go, for Prometheus. */
export class PushMetrics {
  readonly #steps: Counter<'kind' | 'result'>;
  readonly #bytes: Counter;
  readonly #seconds: Histogram<'kind'>;

  constructor(registry: Registry) {
    const registers = [registry];
    this.#steps = new Counter({
      name: 'replication_pushes_total',
      help: 'Attempts to bring an operation to the connector, by what came of them',
      labelNames: ['kind', 'result'],
      registers,
    });
    this.#bytes = new Counter({
      name: 'replication_pushed_bytes_total',
      help: 'Bytes of uploads that arrived',
      registers,
    });
    this.#seconds = new Histogram({
      name: 'replication_push_seconds',
      help: 'Time from the begin of a push to its outcome',
      labelNames: ['kind'],
      buckets: [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1, 5, 30, 120, 600],
      registers,
    });
  }

  stepped({ what }: Operation, result: PushResult, seconds: number): void {
    this.#steps.inc({ kind: what.kind, result: result.kind });
    if (result.kind !== 'outcome') return;
    this.#seconds.observe({ kind: what.kind }, seconds);
    if (what.kind === 'put') this.#bytes.inc(what.size);
  }
}

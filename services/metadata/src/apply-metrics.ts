import type { ApplyResult } from '@mirror/namespace';
import { Counter, Histogram, type Registry } from 'prom-client';

/** What the applying side measures. */
export class ApplyMetrics {
  private readonly writes: Counter<'outcome'>;
  private readonly delay: Histogram;

  constructor(registry: Registry) {
    this.writes = new Counter({
      name: 'mirror_namespace_writes_total',
      help: 'Versions written to the namespace, by outcome',
      labelNames: ['outcome'],
      registers: [registry],
    });
    this.delay = new Histogram({
      name: 'mirror_change_apply_delay_seconds',
      help: 'From an ObjectChanged event to its document, acknowledged by the majority',
      buckets: [0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 15, 60],
      registers: [registry],
    });
  }

  written(result: ApplyResult): void {
    this.writes.inc({ outcome: 'inserted' }, result.inserted);
    this.writes.inc({ outcome: 'changed' }, result.changed);
  }

  /** `times` are the events' own, ISO 8601. */
  applied(times: readonly string[]): void {
    const now = Date.now();
    for (const time of times) this.delay.observe(Math.max(0, now - Date.parse(time)) / 1000);
  }
}

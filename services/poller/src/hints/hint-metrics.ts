import { Counter, type Registry } from 'prom-client';

export type HintSource = 'kafka' | 'webhook';

/** What came of hints. What was received and neither matched nor refused is of buckets that nobody mirrors. */
export class HintMetrics {
  private readonly received: Counter<'source'>;
  private readonly matched: Counter<'source'>;
  private readonly refused: Counter<'source'>;

  constructor(registry: Registry) {
    const counter = (name: string, help: string) =>
      new Counter({ name: `mirror_hints_${name}_total`, help, labelNames: ['source'], registers: [registry] });
    this.received = counter('received', 'Hints that were received, by source');
    this.matched = counter('matched', 'Hints that brought the visit of a mirrored bucket forward, by source');
    this.refused = counter('refused', 'Records and messages that could not be read as hints, by source');
  }

  count(source: HintSource, { received, matched, refused }: Record<'received' | 'matched' | 'refused', number>): void {
    this.received.inc({ source }, received);
    this.matched.inc({ source }, matched);
    this.refused.inc({ source }, refused);
  }
}

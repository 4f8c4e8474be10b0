import { Counter, Histogram, type Registry } from 'prom-client';

/** What `/metrics` tells about the S3 endpoint. Operations are S3's names: a bounded set. */
export class GatewayMetrics {
  readonly #requests: Counter<'operation' | 'status'>;
  readonly #seconds: Histogram<'operation'>;

  constructor(registry: Registry) {
    this.#requests = new Counter({
      name: 'gateway_requests_total',
      help: 'S3 requests answered, by operation and status',
      labelNames: ['operation', 'status'],
      registers: [registry],
    });
    this.#seconds = new Histogram({
      name: 'gateway_request_duration_seconds',
      help: 'From the request to the last byte of its answer',
      labelNames: ['operation'],
      buckets: [0.005, 0.02, 0.1, 0.5, 2, 10, 60],
      registers: [registry],
    });
  }

  /** The answer is called when the last byte is out. */
  startTimer(): (operation: string, status: number) => void {
    const stop = this.#seconds.startTimer();
    return (operation, status) => {
      stop({ operation });
      this.#requests.inc({ operation, status: String(status) });
    };
  }
}

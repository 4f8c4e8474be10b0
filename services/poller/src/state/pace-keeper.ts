import type { Namespace } from '@mirror/namespace';
import { type HeatCount, heatOf, type Pace, type PaceLimits, paceOf } from '@mirror/pacing';

const KEPT_MS = 2_000;
/** Versions that one request lists. */
const PAGE_SIZE = 1_000;
/** Of a range whose rate of change nobody has estimated yet. */
const UNKNOWN_HEAT = heatOf(1 / 3_600, 1);

/**
 * How often each mirror's ranges are visited. Every poller adds up all segments by itself, now and then: they all come to the
 * same, and none has to tell the others.
 */
export class PaceKeeper {
  private readonly kept = new Map<string, { readonly until: number; readonly pace: Promise<Pace> }>();

  constructor(
    private readonly namespace: Namespace,
    private readonly limits: PaceLimits,
  ) {}

  of(mirrorId: string): Promise<Pace> {
    const now = performance.now();
    const known = this.kept.get(mirrorId);
    if (known && now < known.until) return known.pace;
    const pace = this.counts(mirrorId).then((counts) => paceOf(counts, this.limits));
    this.kept.set(mirrorId, { until: now + KEPT_MS, pace });
    pace.catch(() => this.kept.delete(mirrorId));
    return pace;
  }

  forget(mirrorId: string): void {
    this.kept.delete(mirrorId);
  }

  private counts(mirrorId: string): Promise<HeatCount[]> {
    const requests = { $ceil: { $divide: [{ $add: ['$count', 1] }, PAGE_SIZE] } };
    return this.namespace.segments
      .aggregate<HeatCount>([
        { $match: { '_id.m': mirrorId } },
        {
          $group: {
            _id: { $ifNull: ['$heat', UNKNOWN_HEAT] },
            ranges: { $sum: 1 },
            requests: { $sum: requests },
          },
        },
        { $project: { _id: 0, heat: '$_id', ranges: 1, requests: 1 } },
      ])
      .toArray();
  }
}

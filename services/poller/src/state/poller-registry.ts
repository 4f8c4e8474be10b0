import type { Collection, Db } from 'mongodb';

interface LivePoller {
  readonly _id: string;
  readonly seenAt: Date;
}

const HEARTBEAT_MS = 3_000;
/** A poller not seen for so long has no part in the budgets any more. */
const GONE_AFTER_MS = 10_000;

/** Which pollers are alive, by the database's time: they share each location's request budget evenly. */
export class PollerRegistry {
  private readonly pollers: Collection<LivePoller>;
  private timer: NodeJS.Timeout | undefined;
  private live = 1;

  constructor(
    db: Db,
    private readonly self: string,
  ) {
    this.pollers = db.collection<LivePoller>('pollers');
  }

  async start(): Promise<void> {
    await this.beat();
    this.timer = setInterval(() => void this.beat().catch(() => undefined), HEARTBEAT_MS); // the next beat makes up for it
  }

  async stop(): Promise<void> {
    clearInterval(this.timer);
    await this.pollers.deleteOne({ _id: this.self });
  }

  /** This poller's share of a budget, from 0 (exclusive) to 1. */
  share(): number {
    return 1 / this.live;
  }

  private async beat(): Promise<void> {
    await this.pollers.updateOne({ _id: this.self }, [{ $set: { seenAt: '$$NOW' } }], { upsert: true });
    const age = { $subtract: ['$$NOW', '$seenAt'] };
    await this.pollers.deleteMany({ $expr: { $gt: [age, 60 * GONE_AFTER_MS] } });
    const live = await this.pollers.countDocuments({ $expr: { $lte: [age, GONE_AFTER_MS] } });
    this.live = Math.max(1, live);
  }
}

import { type ObjectHint, readEventRecords } from '@mirror/connector';
import type { Logger } from '@mirror/runtime';
import type { HintStore, KeyHint } from '../state/hint-store.js';
import type { HintMetrics, HintSource } from './hint-metrics.js';

export type ReceivedHints =
  | { readonly kind: 'unreadable'; readonly reason: string }
  | {
      readonly kind: 'received';
      readonly received: number;
      /** Of buckets that are mirrored. */
      readonly matched: number;
      /** Why some records could not be read. */
      readonly refused: readonly string[];
    };

export interface HintTargets {
  /** The mirrors whose connector's bucket has this name: a hint does not say at which endpoint. */
  mirrorsOf(targetBucket: string): readonly string[];
  /** Something is due earlier than it was. */
  wake(mirrorId: string): void;
}

/** Takes event records from wherever they come. They only say where to look; what is there, the connector says. */
export class HintReceiver {
  constructor(
    private readonly store: HintStore,
    private readonly targets: HintTargets,
    private readonly metrics: HintMetrics,
    private readonly logger: Logger,
  ) {}

  /** @param body One notification: parsed JSON. */
  async receive(source: HintSource, body: unknown): Promise<ReceivedHints> {
    const read = readEventRecords(body);
    if (read.kind === 'unreadable') {
      this.metrics.count(source, { received: 0, matched: 0, refused: 1 });
      return read;
    }
    const matched = await this.noteAll(read.hints);
    const received = read.hints.length;
    this.metrics.count(source, { received, matched, refused: read.refused.length });
    return { kind: 'received', received, matched, refused: read.refused };
  }

  /** Messages of a topic: what is no JSON is refused, and holds up nothing. */
  async receiveAll(source: HintSource, messages: readonly Buffer[]): Promise<void> {
    const hints: ObjectHint[] = [];
    const faults: string[] = [];
    for (const message of messages) {
      const read = readMessage(message);
      if (read.kind === 'unreadable') faults.push(read.reason);
      else {
        hints.push(...read.hints);
        faults.push(...read.refused);
      }
    }
    const matched = await this.noteAll(hints);
    this.metrics.count(source, { received: hints.length, matched, refused: faults.length });
    if (faults.length > 0) this.logger.warn({ refused: faults.length, first: faults[0] }, 'some hints cannot be read');
  }

  /** Gives back how many were of mirrored buckets. */
  private async noteAll(hints: readonly ObjectHint[]): Promise<number> {
    const byBucket = Map.groupBy(hints, ({ bucket }) => bucket);
    let matched = 0;
    for (const [bucket, some] of byBucket) {
      const mirrors = this.targets.mirrorsOf(bucket);
      if (mirrors.length > 0) matched += some.length;
      const keys = some.map(({ key, about }): KeyHint => ({ key, describe: about === 'description' }));
      for (const mirrorId of mirrors) if (await this.store.note(mirrorId, keys)) this.targets.wake(mirrorId);
    }
    return matched;
  }
}

function readMessage(message: Buffer): ReturnType<typeof readEventRecords> {
  try {
    return readEventRecords(JSON.parse(message.toString('utf8')));
  } catch (error) {
    return { kind: 'unreadable', reason: `No JSON: ${error instanceof Error ? error.message : error}` };
  }
}

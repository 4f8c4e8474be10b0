import type { LocationState, MirrorState } from '@mirror/events';
import { ForeignConsumer, type KafkaConnection, type StateTable } from '@mirror/kafka';
import type { Logger } from '@mirror/runtime';
import type { Registry } from 'prom-client';
import type { PollerEnv } from '../env.js';
import type { HintStore } from '../state/hint-store.js';
import { HintMetrics } from './hint-metrics.js';
import { HintReceiver } from './receive-hints.js';

export interface HintsParts {
  readonly kafka: KafkaConnection;
  readonly store: HintStore;
  readonly buckets: StateTable<MirrorState>;
  readonly locations: StateTable<LocationState>;
  wake(mirrorId: string): void;
  readonly metrics: Registry;
  readonly logger: Logger;
}

/** Where hints come in: the receiver, for the webhook, and the consumer of the topic; undefined: none is set. */
export interface HintIntake {
  readonly receiver: HintReceiver;
  readonly consumer: ForeignConsumer | undefined;
}

export function openHints(env: PollerEnv, parts: HintsParts): HintIntake {
  const { kafka, store, wake, metrics, logger } = parts;
  const mirrorsOf = (targetBucket: string) => mirrorsAt(targetBucket, parts);
  const receiver = new HintReceiver(store, { mirrorsOf, wake }, new HintMetrics(metrics), logger);
  if (env.HINTS_TOPIC === '') return { receiver, consumer: undefined };
  const consumer = new ForeignConsumer({
    connection: kafka,
    topicName: env.HINTS_TOPIC,
    service: 'poller-hints',
    take: (messages) => receiver.receiveAll('kafka', messages),
  });
  return { receiver, consumer };
}

/** A hint names a bucket and no endpoint: every mirror of a bucket of that name is looked at. */
function mirrorsAt(targetBucket: string, { buckets, locations }: HintsParts): string[] {
  const mirrors = [...buckets.entries()].filter(({ type }) => type !== 'BucketDetached');
  return mirrors
    .filter(({ state }) => locations.get(state.location)?.state.details.bucketName === targetBucket)
    .map(({ state }) => state.mirrorId);
}

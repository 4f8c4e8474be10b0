import { type CloudEvent, type ObjectChanged, type Topic, topics } from '@mirror/events';
import { EventProducer } from '@mirror/kafka';
import { advancePosition, bumpWriteCounters, compareKeys, Namespace, type VersionDocument } from '@mirror/namespace';
import { SimulatedBucket } from '@mirror/testing/simulated-bucket';
import type { Collection } from 'mongodb';
import { FakeMirror } from './fake-mirror.js';
import { FakeTopic } from './fake-topic.js';

/**
 * Loaded into a poller's process before the poller itself (`--import …/poller-fakes.js?versions=N`): mirrors are of a simulated
 * bucket of so many hashed keys and in no database, object changes go to no Kafka and are applied at once. All else is real.
 */
const versions = Number(new URL(import.meta.url).searchParams.get('versions'));
const bucket = new SimulatedBucket('hashed', versions, 1);
const mirrors = new Map<string, FakeMirror>();
const topic = new FakeTopic();
let namespace: Namespace | undefined;

function mirrorOf(mirrorId: string): FakeMirror {
  const known = mirrors.get(mirrorId);
  if (known) return known;
  mirrors.clear(); // one at a time is polled
  const mirror = new FakeMirror(bucket);
  mirrors.set(mirrorId, mirror);
  return mirror;
}

Namespace.prototype.versions = function versionsOf(this: Namespace, mirrorId: string) {
  namespace = this;
  // What the poller asks of it: the range of a visit, and what lacks a description: nothing does.
  const collection = {
    find: ({ _id: { $gt, $lte } }: RangeFilter) => ({
      toArray: async () => mirrorOf(mirrorId).readRange($gt.k, typeof $lte.k === 'string' ? $lte.k : null),
    }),
    aggregate: () => ({ toArray: async () => [] }),
  };
  return collection as unknown as Collection<VersionDocument>;
};

interface RangeFilter {
  readonly _id: { readonly $gt: { readonly k: string }; readonly $lte: { readonly k: unknown } };
}

const { send } = EventProducer.prototype;
EventProducer.prototype.send = async function sendOrApply(
  this: EventProducer,
  to: Topic,
  events: readonly CloudEvent[],
) {
  if (to !== topics.objectChanges || !namespace) return send.call(this, to, events);
  const position = topic.send(events);
  await apply(
    namespace,
    events.map(({ data }) => data as ObjectChanged),
  );
  await advancePosition(namespace.positions, this.connection.topicName(to), 0, position[0] ?? '0');
  return position;
};

/** In the order of `metadata`: the mirror, then the write counters, then the position. */
async function apply({ segments }: Namespace, changes: readonly ObjectChanged[]): Promise<void> {
  const [first] = changes;
  if (!first) return;
  mirrorOf(first.mirrorId).apply(changes);
  const keys = changes.map(({ key }) => key).sort(compareKeys);
  await bumpWriteCounters(segments, first.mirrorId, keys, (key, boundary) => compareKeys(key, boundary) > 0);
}

import { type CloudEvent, type LocationState, type ObjectChanged, type Topic, topics } from '@mirror/events';
import { createLogger, type Logger } from '@mirror/runtime';
import { freshName, testServers } from '@mirror/testing';
import { KafkaConnection, type KafkaOptions } from '../src/index.js';

export const quiet: Logger = createLogger('test', process.env.TEST_LOG_LEVEL ?? 'silent');

/** On the run's Kafka, with topics that no other file has. */
export function freshConnection(options: Partial<KafkaOptions> = {}): KafkaConnection {
  return new KafkaConnection({
    brokers: testServers().kafkaBrokers,
    clientId: 'test',
    topicPrefix: `${freshName('kafka')}.`,
    compression: 'none',
    logger: quiet,
    ...options,
  });
}

export const objectChanges: Topic = topics.objectChanges;
export const locations: Topic = topics.locations;

export function objectChanged(key: string, size = 0): CloudEvent<'ObjectChanged'> {
  const data: ObjectChanged = {
    mirrorId: 'm1',
    bucket: 'photos',
    key,
    versionId: 'v1',
    kind: 'version',
    isLatest: true,
    place: 1,
    size,
    etag: 'd41d8cd98f00b204e9800998ecf8427e',
    lastModified: '2026-01-02T03:04:05.678Z',
    storageClass: 'STANDARD',
    startedAt: '1',
    endedAt: '2',
  };
  const time = '2026-01-02T03:04:05.678Z';
  return { id: `id-${key}-${size}`, type: 'ObjectChanged', source: 'poller', subject: `photos/${key}`, time, data };
}

export function locationUpdated(name: string, revision: string, region = 'us-east-1'): CloudEvent<'LocationUpdated'> {
  const data: LocationState = {
    name,
    revision,
    locationType: 'location-scality-ring-s3-v1',
    details: { endpoint: 'http://127.0.0.1:8000', bucketName: 'photos', bucketMatch: true, region },
  };
  const time = '2026-01-02T03:04:05.678Z';
  return { id: `${name}-${revision}`, type: 'LocationUpdated', source: 'config', subject: name, time, data };
}

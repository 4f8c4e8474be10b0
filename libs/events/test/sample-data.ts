import type { EventData, EventType } from '../src/index.js';

const at = '2026-01-02T03:04:05.678Z';
const mirror = { mirrorId: '7f3c', bucket: 'photos', at };
const location = {
  name: 'ring-paris',
  revision: '7543210987654321098',
  locationType: 'location-scality-ring-s3-v1' as const,
  details: { endpoint: 'http://127.0.0.1:8000', bucketName: 'photos', bucketMatch: true, region: 'us-east-1' },
  behaviour: { listing: 'ranges' as const, quirks: ['wholeSeconds'], unknown: ['utf16Order'] },
};
const bucket = {
  bucket: 'photos',
  mirrorId: '7f3c',
  revision: '7543210987654321098',
  location: 'ring-paris',
  paused: true,
  resumeAt: at,
  createdAt: at,
};
const operation = { mirrorId: '7f3c', bucket: 'photos', key: 'a/ü 🙂/%25', sequence: 3, operationId: 'o1' };
const accepted = { ...operation, acceptedAt: '7543210987654321098' };
const command = { commandId: 'c1', revision: '1', mirrorId: '7f3c', bucket: 'photos' };

/** Valid data of each type, with every field that it may have. */
export const sampleData: { readonly [T in EventType]: EventData<T> } = {
  LocationCreated: location,
  LocationUpdated: location,
  LocationDeleted: location,
  BucketMirrored: { ...bucket, paused: false, resumeAt: null },
  MirrorPaused: bucket,
  MirrorResumed: { ...bucket, paused: false, resumeAt: null },
  BucketDetached: bucket,
  ObjectChanged: {
    mirrorId: '7f3c',
    bucket: 'photos',
    key: 'a/ü 🙂/%25',
    versionId: '98765',
    kind: 'version',
    isLatest: true,
    place: 0.5,
    size: 12,
    etag: 'd41d8cd98f00b204e9800998ecf8427e-3',
    lastModified: at,
    storageClass: 'STANDARD',
    startedAt: '7543210987654321098',
    endedAt: '7543210987654321099',
    description: {
      contentType: null,
      headers: { 'cache-control': 'no-store' },
      metadata: { colour: 'blau' },
      tags: { team: 'a b' },
      describedFrom: '7543210987654321100',
      describedAt: '7543210987654321101',
    },
  },
  ObjectUploaded: {
    ...accepted,
    versionId: 'v1',
    size: 12,
    etag: 'd41d8cd98f00b204e9800998ecf8427e-2',
    contentType: null,
    headers: { 'cache-control': 'no-store' },
    metadata: { colour: 'blau' },
    tags: { team: 'a b' },
    content: {
      form: 'multipart',
      parts: [
        { stagedId: 's1', size: 12, md5: 'd41d8cd98f00b204e9800998ecf8427e' },
        { stagedId: 's2', size: 0, md5: 'd41d8cd98f00b204e9800998ecf8427e' },
      ],
    },
  },
  ObjectDeleted: {
    ...accepted,
    deletes: 'version',
    versionId: 'v1',
    target: 'version',
    etag: 'd41d8cd98f00b204e9800998ecf8427e',
    lastModified: at,
  },
  ObjectTagged: { ...accepted, versionId: 'v1', tags: { team: 'a b' } },
  ReplicationCompleted: {
    ...operation,
    kind: 'put',
    clientVersionId: 'v1',
    versionId: '98765',
    lastModified: at,
    outcome: 'done',
  },
  ReplicationFailed: {
    ...operation,
    kind: 'tag',
    code: 'S3.DENIED',
    detail: 'refused',
    hint: 'Allow it.',
  },
  SnapshotStarted: mirror,
  SnapshotCompleted: { ...mirror, startedAt: at, versionsListed: 20_000, seconds: 4.5 },
  PassCompleted: { ...mirror, startedAt: at, seconds: 1, versionsListed: 20_000, requests: 21, differences: 0 },
  LocationUnreachable: {
    ...mirror,
    location: 'ring-paris',
    code: 'S3.UNREACHABLE',
    detail: 'refused',
    hint: 'Start it.',
  },
  LocationReachable: { ...mirror, location: 'ring-paris' },
  MirrorSuspected: { ...mirror, candidates: 900, removedLastHour: 0, versionsAnHourAgo: 1_000, ledger: 3 },
  MirrorTrusted: mirror,
  VerifyCompleted: { ...mirror, startedAt: at, versionsCompared: 1_000, differences: 0 },
  VerifyRequested: command,
  RemovalsAccepted: { ...command, ledger: 3 },
  RetryRequested: { ...command, kind: 'event', failureIds: ['f1'] },
  DiscardRequested: { ...command, kind: 'push', failureIds: null },
};

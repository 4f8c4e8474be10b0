/** What the OpenAPI document shows. A test checks each against the schema beside which it stands. */
const checks = [
  { name: 'versioning', ok: true, code: null, detail: 'Versioning is enabled.', hint: '' },
  { name: 'list', ok: true, code: null, detail: 'Versions can be listed.', hint: '' },
];

export const exampleLocation = {
  name: 'ring-paris',
  locationType: 'location-scality-ring-s3-v1',
  details: {
    endpoint: 'http://127.0.0.1:8000',
    bucketName: 'photos',
    accessKey: 'ZENKOMIRROR0EXAMPLE0',
    bucketMatch: true,
    region: 'us-east-1',
  },
  mirroring: 'active',
  checks,
  checkedAt: '2030-01-31T06:00:00.000Z',
};

export const exampleNewLocation = {
  name: 'ring-paris',
  locationType: 'location-scality-ring-s3-v1',
  details: { ...exampleLocation.details, secretKey: 'the-secret-of-that-user' },
};

export const exampleBucket = {
  name: 'photos',
  locationConstraint: 'ring-paris:ingest',
  location: 'ring-paris',
  mirrorId: '5f0e6a52-5b0e-4a8f-9d0f-3a1a4f6a1c11',
  paused: false,
  resumeAt: null,
  createdAt: '2030-01-31T06:00:00.000Z',
};

export const exampleStatus = {
  bucket: 'photos',
  location: 'ring-paris',
  mirrorId: exampleBucket.mirrorId,
  state: 'live',
  versions: { mirrored: 20000, currentObjects: 15000, deleteMarkers: 1000, bytes: 734003200 },
  snapshot: {
    startedAt: '2030-01-31T06:00:01.000Z',
    completedAt: '2030-01-31T06:00:09.000Z',
    versionsListed: 20000,
    versionsPerSecond: 2500,
  },
  oldestUnappliedChangeAgeSeconds: 0.2,
  oldestUnvisitedRangeAgeSeconds: 1.5,
  oldestDescriptionAgeSeconds: 43200,
  lastFullPassAt: '2030-01-31T06:30:00.000Z',
  lastFullPassSeconds: 4.2,
  removals: { candidates: 0, unlisted: 0, ledger: 1200 },
  uploads: { waiting: 2, waitingBytes: 7340032, oldestAgeSeconds: 0.8, failed: 0 },
  lastVerify: {
    startedAt: '2030-01-31T06:10:00.000Z',
    completedAt: '2030-01-31T06:10:09.000Z',
    versionsCompared: 20000,
    differences: 0,
  },
  lastError: null,
};

export const exampleCommand = {
  commandId: '0c8a4c6e-2f1d-4f0b-9f5a-6d6a3b1e7c42',
  revision: '8168142931230294017',
  bucket: 'photos',
  mirrorId: exampleBucket.mirrorId,
};

export const exampleFailure = {
  kind: 'event',
  id: 'zenko.object-changes.v1:3:1207',
  bucket: 'photos',
  mirrorId: exampleBucket.mirrorId,
  key: '2030/january.jpg',
  versionId: '3939383',
  code: 'CHANGE.TOO_OLD',
  reason: 'the change was observed 1209700 s ago, and tombstones live 1209600 s',
  at: '2030-01-31T06:00:00.000Z',
  retries: 0,
  lastTriedAt: null,
  event: { id: '9f2c', type: 'ObjectChanged', time: '2030-01-17T06:00:00.000Z', data: {} },
  operation: null,
  acceptedAt: null,
  hint: null,
  waitingBehind: null,
};

export const exampleToken = {
  id: '1f4c2a9be07d6583',
  role: 'viewer',
  description: 'Dashboards',
  createdAt: '2030-01-31T06:00:00.000Z',
};

export const exampleAccessKey = {
  id: 'ZKMEXAMPLEEXAMPLE234',
  role: 'reader',
  buckets: ['photos'],
  description: 'Nightly report',
  createdAt: '2030-01-31T06:00:00.000Z',
};

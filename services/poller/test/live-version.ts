import type { VersionDocument } from '@mirror/namespace';
import { Timestamp } from 'mongodb';

/** The only version of a key, as the namespace has it once its listing was applied. */
export const liveVersion = (k: string, v: string, etag = ''): VersionDocument => ({
  _id: { k, v },
  live: true,
  kind: 'version',
  place: 0,
  size: 0,
  etag,
  lastModified: new Date(0),
  storageClass: 'STANDARD',
  listedAt: new Timestamp({ t: 1, i: 1 }),
  description: null,
  describedAt: null,
});

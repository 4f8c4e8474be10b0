import { TransientError } from '@mirror/runtime';
import type { ConnectorTarget } from './client.js';

/** As the config service tells it of a location. */
export interface LocationAccess {
  readonly endpoint: string;
  readonly region: string;
  readonly bucketName: string;
  readonly accessKey: string;
  readonly secretKey: string;
  readonly revision: string;
}

export interface LocationTarget extends ConnectorTarget {
  /** A client made for another one is to be made anew. */
  readonly revision: string;
}

/** TransientError LOCATION.UNKNOWN where the config service knows of none. */
export function locationTarget(location: string, access: LocationAccess | null): LocationTarget {
  if (access === null) {
    throw new TransientError(`The location ${location} has no credentials`, {
      code: 'LOCATION.UNKNOWN',
      hint: 'The location was deleted, or the config service does not know it yet.',
    });
  }
  const { endpoint, region, bucketName, accessKey, secretKey, revision } = access;
  return { endpoint, region, bucket: bucketName, accessKeyId: accessKey, secretAccessKey: secretKey, revision };
}

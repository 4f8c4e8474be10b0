import type { AccessKey, ConfigClient } from '@mirror/config-client';
import type { Namespace } from '@mirror/namespace';
import type { Staging } from '@mirror/staging';
import type { RequestBody } from '../body/request-body.js';
import type { S3Request } from '../protocol/s3-request.js';
import type { S3Response } from '../protocol/s3-response.js';
import type { ConnectorClients } from '../sources/connector-clients.js';
import type { ServedBuckets } from '../sources/served-buckets.js';
import type { Acceptance } from '../uploads/acceptance.js';
import type { MultipartUploads } from '../uploads/multipart-uploads.js';

/** Where what clients write goes. */
export interface Writing {
  readonly acceptance: Acceptance;
  readonly staging: Staging;
  readonly uploads: MultipartUploads;
  /** Buckets are made and detached by it. */
  readonly config: Pick<ConfigClient, 'createBucket' | 'detachBucket'>;
}

/** Where the answers come from. */
export interface Sources {
  readonly buckets: ServedBuckets;
  readonly namespace: Namespace;
  readonly connectors: ConnectorClients;
  readonly writing: Writing;
  /** Answered as every bucket's region. */
  readonly region: string;
}

/** One authenticated request, and who makes it. */
export interface Call {
  readonly request: S3Request;
  readonly caller: AccessKey;
  readonly body: RequestBody;
  /** Aborted when the client leaves. */
  readonly signal: AbortSignal;
}

/** Answers a call, or throws an S3Error. */
export type Operation = (call: Call, sources: Sources) => Promise<S3Response>;

import type { AccessKey } from '@mirror/config-client';
import type { Namespace } from '@mirror/namespace';
import type { RequestBody } from '../body/request-body.js';
import type { S3Request } from '../protocol/s3-request.js';
import type { S3Response } from '../protocol/s3-response.js';
import type { ConnectorClients } from '../sources/connector-clients.js';
import type { ServedBuckets } from '../sources/served-buckets.js';

/** Where the answers come from. */
export interface Sources {
  readonly buckets: ServedBuckets;
  readonly namespace: Namespace;
  readonly connectors: ConnectorClients;
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

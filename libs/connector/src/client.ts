import { S3Client, type S3ClientConfig } from '@aws-sdk/client-s3';
import { boundBodies } from './bound-body.js';
import type { EndpointGuard } from './endpoint-guard.js';
import { guardedAgents } from './guarded-agents.js';
import { prepareRequests } from './signed-requests.js';

/** Where a location's objects are, and with which key. `endpoint` is a completed URL. */
export interface ConnectorTarget {
  readonly endpoint: string;
  readonly region: string;
  readonly bucket: string;
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
}

export interface ConnectorClientOptions {
  readonly guard: EndpointGuard;
  /** Connections at once; 64 when not given. */
  readonly maxSockets?: number;
  /** From the request to the answer's headers, and again to the end of its body. 30 s when not given. */
  readonly requestTimeoutMs?: number;
  /**
   * Requests carry large bodies: none is ended as long as its bytes go on, and only silence for `requestTimeoutMs` ends it.
   * The caller bounds the whole by its signal.
   */
  readonly largeBodies?: boolean;
  /** Added to this process's clock when signing; 0 when not given. The SDK follows the server's clock by itself later. */
  readonly clockOffsetMs?: number;
}

const maxConnectMs = 5000;

/**
 * An S3 client that connects only where the guard allows it, follows no redirect, tries each request once (the error
 * table decides what is tried again), and reads neither environment nor files. The caller destroys it.
 */
export function createConnectorClient(target: ConnectorTarget, options: ConnectorClientOptions): S3Client {
  const { guard, maxSockets = 64, requestTimeoutMs = 30_000, largeBodies = false, clockOffsetMs = 0 } = options;
  // Instances, not options: with options the SDK makes an unguarded agent for each request with Expect.
  const agents = guardedAgents(guard, maxSockets);
  const connectMs = Math.min(maxConnectMs, requestTimeoutMs);
  const client = new S3Client({
    endpoint: target.endpoint,
    region: target.region,
    credentials: { accessKeyId: target.accessKeyId, secretAccessKey: target.secretAccessKey },
    forcePathStyle: true,
    maxAttempts: 1,
    followRegionRedirects: false,
    systemClockOffset: clockOffsetMs,
    // S3 Connector refuses streamed bodies with the SDK's checksum trailers.
    requestChecksumCalculation: 'WHEN_REQUIRED',
    responseChecksumValidation: 'WHEN_REQUIRED',
    ...nothingFromEnvironment,
    logger: silent,
    requestHandler: {
      httpAgent: agents.httpAgent,
      httpsAgent: agents.httpsAgent,
      connectionTimeout: connectMs,
      requestTimeout: largeBodies ? 0 : requestTimeoutMs,
      throwOnRequestTimeout: true,
      socketTimeout: requestTimeoutMs,
    },
  });
  boundBodies(client, requestTimeoutMs);
  const endpoint = new URL(target.endpoint);
  prepareRequests(client, { endpoint, agents, connectMs, timeoutMs: requestTimeoutMs }, target);
  return client;
}

const nothing = () => {};
/** With none of its own the SDK warns on the console of every streamed request that failed. */
const silent = { trace: nothing, debug: nothing, info: nothing, warn: nothing, error: nothing };

/** Each of these would otherwise be looked for in AWS_… variables and in ~/.aws. */
const nothingFromEnvironment: S3ClientConfig = {
  defaultsMode: 'standard',
  retryMode: 'standard',
  useDualstackEndpoint: false,
  useFipsEndpoint: false,
  useArnRegion: false,
  disableS3ExpressSessionAuth: true,
  authSchemePreference: ['sigv4'],
  sigv4aSigningRegionSet: [],
  userAgentAppId: 'zenko-mirror',
};

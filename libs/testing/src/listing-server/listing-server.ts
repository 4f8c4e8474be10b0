import type { IncomingMessage, ServerResponse } from 'node:http';
import { startLoopbackServer } from '../loopback-server.js';
import { answerBucket } from './bucket-operations.js';
import type { Endpoint } from './endpoint.js';
import { cutAnswer, type Faults, refuseAll } from './faults.js';
import { type HeldRequest, HeldRequests, type RequestMatch } from './held-requests.js';
import { utf8Order, utf16Order } from './key-orders.js';
import { answerObject } from './object-operations.js';
import { type Personality, quirksOf } from './personalities.js';
import {
  answerOf,
  isSigned,
  readRequest,
  type S3Answer,
  S3Refusal,
  type S3Request,
  writeAnswer,
} from './s3-exchange.js';
import { type BucketSnapshot, VersionedBucket, type Versioning } from './versioned-bucket.js';

export interface ListingServerOptions {
  readonly personality: Personality;
  /** Fills the bucket before anybody asks. */
  readonly seed?: (bucket: VersionedBucket) => void;
  readonly faults?: Faults;
  /** Of the bucket to begin with; 'Enabled' when not given. */
  readonly versioning?: Versioning;
  /** A free one when none is given. */
  readonly port?: number;
}

export interface ListingServer {
  readonly endpoint: string;
  readonly region: string;
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  /** The name of its one bucket. */
  readonly bucket: string;
  /** The bucket's content, to be changed behind its clients' backs. */
  readonly contents: VersionedBucket;
  /** Query strings of the listings that were asked for. */
  readonly listings: readonly string[];
  /** Of the listings, those that are not answered yet. */
  readonly listingsUnderWay: number;
  /** Replaces what went wrong until now; `{}`: nothing does any more. */
  inject(faults: Faults): void;
  /** Keeps the next request that matches waiting, before anything is looked up for it. */
  hold(matches: RequestMatch): HeldRequest;
  snapshot(): BucketSnapshot;
  restore(snapshot: BucketSnapshot): void;
  /** Ends its connections, too. */
  stop(): Promise<void>;
}

const bucketName = 'target';

/** A real HTTP server that speaks enough S3 for a mirror's connector, with the oddities of a personality. */
export async function startListingServer(options: ListingServerOptions): Promise<ListingServer> {
  const quirks = quirksOf(options.personality);
  const bucket = new VersionedBucket(quirks.has('utf16Order') ? utf16Order : utf8Order);
  bucket.versioning = options.versioning ?? 'Enabled';
  options.seed?.(bucket);
  const endpoint: Endpoint = { name: bucketName, bucket, quirks, uploads: new Map(), faults: options.faults ?? {} };
  const listings: Listings = { asked: [], underWay: 0 };
  const held = new HeldRequests();
  const { url, stop } = await startLoopbackServer(
    (incoming, response) => serve(endpoint, { listings, held }, incoming, response),
    options.port,
  );
  return {
    endpoint: url,
    region: 'us-east-1',
    accessKeyId: 'any',
    secretAccessKey: 'any-secret',
    bucket: bucketName,
    contents: bucket,
    listings: listings.asked,
    get listingsUnderWay() {
      return listings.underWay;
    },
    inject: (faults) => {
      endpoint.faults = faults;
    },
    hold: (matches) => held.hold(matches),
    snapshot: () => bucket.snapshot(),
    restore: (snapshot) => bucket.restore(snapshot),
    stop,
  };
}

interface Listings {
  readonly asked: string[];
  underWay: number;
}

async function serve(
  endpoint: Endpoint,
  { listings, held }: { readonly listings: Listings; readonly held: HeldRequests },
  incoming: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const request = await readRequest(incoming); // throws when the client goes away
  const isListing = request.key === '' && request.query.has('versions');
  if (isListing) {
    listings.asked.push(request.query.toString());
    listings.underWay += 1;
    response.once('close', () => {
      listings.underWay -= 1;
    });
  }
  await held.pass(request);
  const answer = await answerTo(endpoint, request).catch(answerOf);
  if (isListing && answer.status === 200) writeListing(endpoint, response, answer);
  else writeAnswer(response, request, answer);
}

async function answerTo(endpoint: Endpoint, request: S3Request): Promise<S3Answer> {
  refuseAll(endpoint.faults);
  if (!isSigned(request)) throw new S3Refusal(403, 'AccessDenied');
  if (request.bucket !== endpoint.name) throw new S3Refusal(404, 'NoSuchBucket');
  return request.key === '' ? answerBucket(endpoint, request) : answerObject(endpoint, request);
}

function writeListing({ faults }: Endpoint, response: ServerResponse, answer: S3Answer): void {
  const { body, announced } = cutAnswer(Buffer.from(answer.body ?? ''), faults);
  response.writeHead(200, { 'content-type': 'application/xml', 'content-length': announced });
  if (body.length === announced) response.end(body);
  else response.write(body, () => response.destroy());
}

import type { IncomingMessage, ServerResponse } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import {
  answerOf,
  escapeXml,
  isSigned,
  namespace,
  readRequest,
  type S3Answer,
  S3Refusal,
  type S3Request,
  writeAnswer,
  xmlDocument,
} from '../listing-server/s3-exchange.js';
import { startLoopbackServer } from '../loopback-server.js';
import { SimulatedBucket, type SimulatedPage, type SimulatedVersion } from './simulated-bucket.js';
import type { KeyFamily } from './simulated-keys.js';

export interface SimulatedServerOptions {
  readonly family: KeyFamily;
  readonly versions: number;
  readonly seed?: number;
  /** Of each listing, from its arrival on; 0 when not given. */
  readonly latencyMs?: number;
  /** Listings beyond it are refused with 503 SlowDown; no limit when not given. */
  readonly maxInFlight?: number;
}

/** A listing that was answered. Times in milliseconds, by one clock. */
export interface AnsweredListing {
  /** Its parameters, without those that do not say what is listed. */
  readonly asked: string;
  readonly from: number;
  readonly to: number;
}

export interface SimulatedServer {
  readonly endpoint: string;
  readonly region: string;
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly bucket: string;
  readonly contents: SimulatedBucket;
  /** Of each listing from now on. */
  setLatency(latencyMs: number): void;
  /** Since it was last asked. */
  takeListings(): AnsweredListing[];
  stop(): Promise<void>;
}

const bucketName = 'simulated';
const LARGEST_PAGE = 1_000;

/**
 * A version-listing endpoint of any size, which can't be written to: what a mirror's connector needs to be added and
 * listed, with a page's latency and a limit of requests in flight. It describes no object: HEAD of one that is there answers
 * 503, of one that is not 404.
 */
export async function startSimulatedServer(options: SimulatedServerOptions): Promise<SimulatedServer> {
  const contents = new SimulatedBucket(options.family, options.versions, options.seed ?? 1);
  const listings = new Listings(contents, options);
  const { url, stop } = await startLoopbackServer((incoming, response) => serve(listings, incoming, response));
  return {
    endpoint: url,
    region: 'us-east-1',
    accessKeyId: 'any',
    secretAccessKey: 'any-secret',
    bucket: bucketName,
    contents,
    setLatency: (latencyMs) => listings.setLatency(latencyMs),
    takeListings: () => listings.take(),
    stop,
  };
}

class Listings {
  private inFlight = 0;
  private answered: AnsweredListing[] = [];
  private latencyMs: number;

  constructor(
    private readonly contents: SimulatedBucket,
    private readonly options: SimulatedServerOptions,
  ) {
    this.latencyMs = options.latencyMs ?? 0;
  }

  setLatency(latencyMs: number): void {
    this.latencyMs = latencyMs;
  }

  take(): AnsweredListing[] {
    const taken = this.answered;
    this.answered = [];
    return taken;
  }

  has(key: string, versionId: string): boolean {
    return this.contents.has(key, versionId);
  }

  async answer(query: URLSearchParams): Promise<S3Answer> {
    const { maxInFlight = Number.POSITIVE_INFINITY } = this.options;
    if (this.inFlight >= maxInFlight) throw new S3Refusal(503, 'SlowDown');
    this.inFlight += 1;
    const from = performance.now();
    try {
      const body = this.page(query);
      await sleep(Math.max(0, this.latencyMs - (performance.now() - from)));
      this.answered.push({ asked: askedIn(query), from, to: performance.now() });
      return { status: 200, body };
    } finally {
      this.inFlight -= 1;
    }
  }

  /** As bytes, so that all that a page costs to make is inside its latency. */
  private page(query: URLSearchParams): Buffer {
    const maxKeys = Number(query.get('max-keys') ?? LARGEST_PAGE);
    if (!Number.isInteger(maxKeys) || maxKeys < 0) throw new S3Refusal(400, 'InvalidArgument');
    const start = { keyMarker: query.get('key-marker') ?? '', versionIdMarker: query.get('version-id-marker') ?? '' };
    if (start.keyMarker === '' && start.versionIdMarker !== '') throw new S3Refusal(400, 'InvalidArgument');
    const size = Math.min(maxKeys, LARGEST_PAGE);
    const prefix = query.get('prefix') ?? '';
    const page = size === 0 ? { versions: [], isTruncated: false } : this.contents.page(start, prefix, size);
    return Buffer.from(pageXml(page, query));
  }
}

function askedIn(query: URLSearchParams): string {
  return ['prefix', 'key-marker', 'version-id-marker', 'max-keys'].map((name) => query.get(name) ?? '').join('\n');
}

async function serve(listings: Listings, incoming: IncomingMessage, response: ServerResponse): Promise<void> {
  const request = await readRequest(incoming); // throws when the client goes away
  const answer = await answerTo(listings, request).catch(answerOf);
  writeAnswer(response, request, answer);
}

async function answerTo(listings: Listings, request: S3Request): Promise<S3Answer> {
  if (!isSigned(request)) throw new S3Refusal(403, 'AccessDenied');
  if (request.bucket !== bucketName) throw new S3Refusal(404, 'NoSuchBucket');
  const { method, key, query } = request;
  if (key === '' && method === 'GET' && query.has('versions')) return listings.answer(query);
  if (key === '' && query.has('versioning')) return { status: 200, body: versioningXml };
  if (key === '' && method === 'HEAD') return { status: 200 };
  if (method === 'HEAD' && listings.has(key, query.get('versionId') ?? '')) throw new S3Refusal(503, 'SlowDown');
  return answerCheck(request);
}

const versioningXml = xmlDocument(
  `<VersioningConfiguration ${namespace}><Status>Enabled</Status></VersioningConfiguration>`,
);

/** What the prerequisite checks and the descriptions ask of objects. Nothing is kept. */
function answerCheck({ method, key, query }: S3Request): S3Answer {
  if (method === 'GET' && query.has('tagging'))
    return { status: 200, body: xmlDocument(`<Tagging ${namespace}><TagSet></TagSet></Tagging>`) };
  if (method === 'POST' && query.has('uploads')) {
    const upload = `<Bucket>${bucketName}</Bucket><Key>${escapeXml(key)}</Key><UploadId>none</UploadId>`;
    return {
      status: 200,
      body: xmlDocument(`<InitiateMultipartUploadResult>${upload}</InitiateMultipartUploadResult>`),
    };
  }
  if (method === 'DELETE' && query.has('uploadId'))
    return query.get('uploadId') === 'none' ? { status: 204 } : answerOf(new S3Refusal(404, 'NoSuchUpload'));
  if (method === 'HEAD' || method === 'GET') throw new S3Refusal(404, 'NoSuchKey');
  throw new S3Refusal(405, 'MethodNotAllowed');
}

function pageXml({ versions, isTruncated }: SimulatedPage, query: URLSearchParams): string {
  const isEncoded = query.get('encoding-type') === 'url';
  const text = isEncoded ? encoded : escapeXml;
  const last = isTruncated ? versions.at(-1) : undefined;
  const asked = Number(query.get('max-keys') ?? LARGEST_PAGE);
  const head =
    `<Name>${bucketName}</Name><Prefix>${text(query.get('prefix') ?? '')}</Prefix>` +
    `<KeyMarker>${text(query.get('key-marker') ?? '')}</KeyMarker>` +
    `<VersionIdMarker>${escapeXml(query.get('version-id-marker') ?? '')}</VersionIdMarker>` +
    (last ? `<NextKeyMarker>${text(last.key)}</NextKeyMarker>` : '') +
    (last ? `<NextVersionIdMarker>${last.versionId}</NextVersionIdMarker>` : '') +
    `<MaxKeys>${Math.min(asked, LARGEST_PAGE)}</MaxKeys>${isEncoded ? '<EncodingType>url</EncodingType>' : ''}` +
    `<IsTruncated>${isTruncated}</IsTruncated>`;
  let entries = '';
  for (const version of versions) entries += entryXml(version, text);
  return xmlDocument(`<ListVersionsResult ${namespace}>${head}${entries}</ListVersionsResult>`);
}

/** As S3 does: slashes stay. */
const encoded = (raw: string): string =>
  /^[\w./~-]*$/.test(raw) ? raw : encodeURIComponent(raw).replaceAll('%2F', '/');

const owner = '<Owner><ID>79a59df900b949e55d96a1e698fbacedfd6e09d98eacf8f8d5218e7cd47ef2be</ID></Owner>';

function entryXml(version: SimulatedVersion, text: (raw: string) => string): string {
  const { key, versionId, kind, isLatest, size, etag, lastModified } = version;
  const facts =
    `<Key>${text(key)}</Key><VersionId>${versionId}</VersionId><IsLatest>${isLatest}</IsLatest>` +
    `<LastModified>${lastModified}</LastModified>${owner}`;
  if (kind === 'deleteMarker') return `<DeleteMarker>${facts}</DeleteMarker>`;
  return `<Version>${facts}<ETag>&quot;${etag}&quot;</ETag><Size>${size}</Size><StorageClass>STANDARD</StorageClass></Version>`;
}

import { type IncomingMessage, request, type ServerResponse } from 'node:http';
import { startLoopbackServer } from '@mirror/testing';

/** What the proxy does with requests that list versions; all others pass in every mode but `unavailable`. */
export type ProxyMode = 'pass' | 'unavailable' | 'emptyListing' | 'cutListing';

export interface FaultyProxy {
  readonly endpoint: string;
  /** Requests that were answered with a fault since the mode was set. */
  readonly faults: number;
  setMode(mode: ProxyMode): void;
  stop(): Promise<void>;
}

/** Stands between the services and a connector, and answers wrongly on demand. The signed `Host` is passed on as it came. */
export async function startFaultyProxy(upstream: string): Promise<FaultyProxy> {
  let mode: ProxyMode = 'pass';
  let faults = 0;
  const { url: endpoint, stop } = await startLoopbackServer((incoming, outgoing) => {
    const url = new URL(incoming.url ?? '/', upstream);
    const isListing = incoming.method === 'GET' && url.searchParams.has('versions');
    const fault = mode === 'unavailable' || (isListing && mode !== 'pass') ? mode : 'pass';
    if (fault !== 'pass') faults += 1;
    switch (fault) {
      case 'pass':
        return forward(upstream, incoming, outgoing);
      case 'unavailable':
        return answer(incoming, outgoing, 503, error);
      case 'emptyListing':
        return answer(incoming, outgoing, 200, emptyListing(url));
      case 'cutListing':
        return answer(incoming, outgoing, 200, emptyListing(url).slice(0, 200));
      default:
        return fault satisfies never;
    }
  });
  return {
    endpoint,
    get faults() {
      return faults;
    },
    setMode(next) {
      mode = next;
      faults = 0;
    },
    stop,
  };
}

const error = `<?xml version="1.0" encoding="UTF-8"?>
<Error><Code>ServiceUnavailable</Code><Message>Please reduce your request rate.</Message></Error>`;

/** Complete, well formed, what was asked for, and a lie. */
function emptyListing({ pathname, searchParams }: URL): string {
  const echo = (name: string) => encodeURIComponent(searchParams.get(name) ?? '');
  return `<?xml version="1.0" encoding="UTF-8"?>
<ListVersionsResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><Name>${pathname.split('/')[1]}</Name>\
<Prefix>${echo('prefix')}</Prefix><KeyMarker>${echo('key-marker')}</KeyMarker>\
<VersionIdMarker>${echo('version-id-marker')}</VersionIdMarker><MaxKeys>${echo('max-keys')}</MaxKeys>\
<EncodingType>url</EncodingType><IsTruncated>false</IsTruncated></ListVersionsResult>`;
}

function answer(incoming: IncomingMessage, outgoing: ServerResponse, status: number, body: string): void {
  incoming.resume();
  outgoing.writeHead(status, { 'content-type': 'application/xml', 'content-length': Buffer.byteLength(body) });
  outgoing.end(body);
}

function forward(upstream: string, incoming: IncomingMessage, outgoing: ServerResponse): void {
  const { method, url = '/', headers } = incoming;
  const passed = request(new URL(url, upstream), { method, headers, setHost: false }, (response) => {
    outgoing.writeHead(response.statusCode ?? 502, response.headers);
    response.pipe(outgoing);
  });
  passed.on('error', () => outgoing.destroy());
  outgoing.on('close', () => passed.destroy());
  incoming.pipe(passed);
}

import { type IncomingMessage, request, type ServerResponse } from 'node:http';
import { type LoopbackServer, startLoopbackServer } from './loopback-server.js';

/** What becomes of a request: `cutAnswer` lets the connector do it all, and then loses its answer. */
export type Fate = 'pass' | 'cutAnswer' | 'cutRequest' | 'deny' | 'unavailable';

export interface SeenRequest {
  readonly method: string;
  readonly url: URL;
  readonly headers: IncomingMessage['headers'];
}

export interface CuttingProxy {
  readonly endpoint: string;
  /** Every request that came, also those that were cut. */
  readonly seen: SeenRequest[];
  /** Those that are neither answered nor cut. */
  readonly underWay: ReadonlySet<SeenRequest>;
  /** Decides from now on. */
  decide(fateOf: (seen: SeenRequest) => Fate): void;
  /** Nothing listens from now on: the connector is stopped. */
  close(): Promise<void>;
  reopen(): Promise<void>;
  stop(): Promise<void>;
}

/** Stands between the service and a connector. The signed `Host` is passed on as it came. */
export async function startCuttingProxy(upstream: string): Promise<CuttingProxy> {
  let fateOf: (seen: SeenRequest) => Fate = () => 'pass';
  const seen: SeenRequest[] = [];
  const underWay = new Set<SeenRequest>();
  const serve = (incoming: IncomingMessage, outgoing: ServerResponse) => {
    const { method = '', headers } = incoming;
    const one = { method, url: new URL(incoming.url ?? '/', upstream), headers };
    seen.push(one);
    underWay.add(one);
    outgoing.once('close', () => underWay.delete(one));
    const fate = fateOf(one);
    switch (fate) {
      case 'pass':
      case 'cutAnswer':
        return forward(upstream, incoming, outgoing, fate === 'cutAnswer');
      case 'cutRequest':
        return void incoming.socket.destroy();
      case 'deny':
        return answer(incoming, outgoing, 403, 'AccessDenied');
      case 'unavailable':
        return answer(incoming, outgoing, 500, 'InternalError');
      default:
        return fate satisfies never;
    }
  };
  let server: LoopbackServer | null = await startLoopbackServer(serve);
  const { url, port } = server;
  const close = async () => {
    await server?.stop();
    server = null;
  };
  return {
    endpoint: url,
    seen,
    underWay,
    decide: (next) => {
      fateOf = next;
    },
    close,
    reopen: async () => {
      server = await startLoopbackServer(serve, port);
    },
    stop: close,
  };
}

function forward(upstream: string, incoming: IncomingMessage, outgoing: ServerResponse, isCut: boolean): void {
  const { method, url = '/', headers } = incoming;
  const passed = request(new URL(url, upstream), { method, headers, setHost: false }, (response) => {
    if (isCut) {
      response.resume();
      response.on('end', () => outgoing.destroy());
      return;
    }
    outgoing.writeHead(response.statusCode ?? 502, response.headers);
    response.pipe(outgoing);
  });
  passed.on('error', () => outgoing.destroy());
  passed.on('continue', () => outgoing.writeContinue());
  incoming.once('close', () => !incoming.complete && passed.destroy()); // the client gave it up amid its body
  incoming.pipe(passed);
}

function answer(incoming: IncomingMessage, outgoing: ServerResponse, status: number, code: string): void {
  incoming.resume();
  outgoing.writeHead(status, { 'content-type': 'application/xml' });
  outgoing.end(`<?xml version="1.0" encoding="UTF-8"?><Error><Code>${code}</Code><Message>${code}</Message></Error>`);
}

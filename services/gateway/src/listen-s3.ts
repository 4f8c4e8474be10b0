import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { type Logger, NestLogger } from '@mirror/runtime';
import type { DynamicModule } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify';
import { announcesBody, endTruncated } from './body/incoming-body.js';
import { errorDocument } from './protocol/xml.js';
import { S3_ROUTE } from './s3.controller.js';
import { S3ErrorFilter } from './s3-error.filter.js';

export interface ListeningS3 {
  readonly url: string;
  /** Takes no more requests, waits for those in flight, and cuts downloads that take too long. */
  close(): Promise<void>;
}

/** Below the 10 s that a service has to stop. */
const DRAIN_MS = 6_000;
const HEALTH_TARGETS = new Set(['/livez', '/readyz', '/metrics']);

/** Nest on Fastify with everything off that would read, decode or normalise what belongs to S3. Port 0: the system chooses. */
export async function listenS3(
  module: DynamicModule,
  logger: Logger,
  host: string,
  port: number,
): Promise<ListeningS3> {
  const adapter = new FastifyAdapter({
    forceCloseConnections: 'idle',
    exposeHeadRoutes: false,
    rewriteUrl: rewriteTarget,
    clientErrorHandler: (error, socket) => endBroken(error, socket),
  });
  const app = await NestFactory.create<NestFastifyApplication>(module, adapter, {
    logger: new NestLogger(logger),
    abortOnError: false,
    bodyParser: false,
  });
  app.useGlobalFilters(new S3ErrorFilter());
  leaveBodiesAlone(adapter);
  const server: Server = app.getHttpServer();
  answerWithoutContinue(server);
  server.prependListener('request', (request: IncomingMessage, response: ServerResponse) => {
    exchanges.set(request.socket, { request, response });
  });
  await app.listen(port, host);
  const { port: bound } = server.address() as AddressInfo;
  return {
    url: `http://${host.includes(':') ? `[${host}]` : host}:${bound}`,
    close: () => closeWithin(DRAIN_MS, app, server),
  };
}

/**
 * Sends every target but the health checks to one route: Fastify's router would decode it, refuse some, and lose what was
 * sent, which is what signatures are made over. The names of the health checks are valid bucket names, so they are health
 * checks only without a signature, which S3 would refuse anyway.
 */
function rewriteTarget({ method, url = '', headers }: IncomingMessage): string {
  const isHealthCheck = method === 'GET' && HEALTH_TARGETS.has(url) && headers.authorization === undefined;
  return isHealthCheck ? url : `/${S3_ROUTE}`;
}

/** A body of any type stays an unread stream. */
function leaveBodiesAlone(adapter: FastifyAdapter): void {
  const fastify = adapter.getInstance();
  fastify.removeAllContentTypeParsers();
  fastify.addContentTypeParser('*', (_request, _payload, done) => done(null));
}

/**
 * Node would say 100 Continue by itself: no body is asked for before the request is known to be served. Where there is no body
 * there is nothing to refuse, and the word keeps the connection in step with clients that wait for it.
 */
function answerWithoutContinue(server: Server): void {
  server.on('checkContinue', (request: IncomingMessage, response: ServerResponse) => {
    if (!announcesBody(request)) response.writeContinue();
    server.emit('request', request, response);
  });
}

/** The last one of each connection. */
const exchanges = new WeakMap<Socket, { request: IncomingMessage; response: ServerResponse }>();

/** What S3 calls faults that the parser finds. */
const FAULTS: Readonly<Record<string, { Code: string; Message: string }>> = {
  HPE_HEADER_OVERFLOW: {
    Code: 'RequestHeaderSectionTooLarge',
    Message: 'Your request header and query parameters are too large.',
  },
};

/** A connection that is no HTTP any more, or half-closed by its client. One that ended inside a body is still answered. */
function endBroken(error: NodeJS.ErrnoException, socket: Socket): void {
  const { request, response } = exchanges.get(socket) ?? {};
  if (request?.complete === false && response?.writableEnded === false) {
    endTruncated(request);
    return;
  }
  if (error.code !== 'ECONNRESET' && socket.writable) {
    const body = errorDocument(FAULTS[error.code ?? ''] ?? { Code: 'BadRequest', Message: 'The request is no HTTP.' });
    const head = ['HTTP/1.1 400 Bad Request', 'Content-Type: application/xml', `Content-Length: ${body.length}`];
    socket.write([...head, 'Connection: close', '', body].join('\r\n'));
  }
  socket.destroy();
}

async function closeWithin(drainMs: number, app: NestFastifyApplication, server: Server): Promise<void> {
  const timer = setTimeout(() => server.closeAllConnections(), drainMs);
  await app.close();
  clearTimeout(timer);
}

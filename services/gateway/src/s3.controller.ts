import { Readable } from 'node:stream';
import { All, Controller, Req, Res } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { IncomingBody } from './body/incoming-body.js';
import { endWhenStalled } from './end-when-stalled.js';
import { GatewayMetrics } from './gateway-metrics.js';
import { RequestServer } from './serve-request.js';

/** The one route behind which every S3 request lands; see `rewriteTarget`. */
export const S3_ROUTE = 's3';

@Controller()
export class S3Controller {
  constructor(
    private readonly server: RequestServer,
    private readonly metrics: GatewayMetrics,
  ) {}

  @All(S3_ROUTE)
  async handle(@Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    const stopTimer = this.metrics.startTimer();
    const incoming = new IncomingBody(request.raw, reply.raw);
    const { response, operation } = await this.server.serve({
      method: request.method,
      target: request.originalUrl,
      rawHeaders: request.raw.rawHeaders,
      body: incoming,
      signal: clientLeaves(reply),
    });
    const { status, headers, body } = response;
    reply.raw.once('close', () => stopTimer(operation, status));
    if (incoming.mustCloseAfter) {
      reply.header('connection', 'close');
      await incoming.drain();
    }
    if (body instanceof Readable) endWhenStalled(body, reply.raw);
    reply.status(status).headers(headers).send(body);
  }
}

/** Aborted when the connection is gone before the answer was: what is asked of the connector is not needed any more. */
function clientLeaves(reply: FastifyReply): AbortSignal {
  const leaving = new AbortController();
  reply.raw.once('close', () => {
    if (!reply.raw.writableFinished) leaving.abort();
  });
  return leaving.signal;
}

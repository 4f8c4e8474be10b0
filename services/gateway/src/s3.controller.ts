import { Readable } from 'node:stream';
import { All, Controller, Req, Res } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { endWhenStalled } from './end-when-stalled.js';
import { GatewayMetrics } from './gateway-metrics.js';
import { mustCloseAfter } from './request-body.js';
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
    const { response, operation } = await this.server.serve(request.raw, request.originalUrl, clientLeaves(reply));
    const { status, headers, body } = response;
    reply.raw.once('close', () => stopTimer(operation, status));
    if (mustCloseAfter(request.raw)) reply.header('connection', 'close');
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

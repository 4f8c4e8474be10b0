import { randomUUID } from 'node:crypto';
import { type Logger, METRICS, NestLogger } from '@mirror/runtime';
import type { DynamicModule } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify';
import type { FastifyError, FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { Histogram, type Registry } from 'prom-client';
import { Authenticator, areaOf } from '../access/authenticator.js';
import { ProblemFilter } from './problem.filter.js';
import { problem } from './problem.js';
import { RouteTable } from './route-table.js';

const BODY_LIMIT_BYTES = 64 * 1024;

export interface Application {
  readonly app: NestFastifyApplication;
  readonly routes: RouteTable;
}

/** Nest on Fastify, with problem details for every error and a token asked for before any body is read. Does not listen. */
export async function createApplication(module: DynamicModule, logger: Logger): Promise<Application> {
  const adapter = new FastifyAdapter({
    bodyLimit: BODY_LIMIT_BYTES,
    forceCloseConnections: 'idle', // a stop lets calls in flight end
    return503OnClosing: false, // and answers those that come on their connections
    genReqId: () => randomUUID(),
    frameworkErrors: refuseUrl,
  });
  const fastify = adapter.getInstance();
  const routes = new RouteTable();
  fastify.addHook('onRoute', ({ method, url }) => routes.add(method, url));
  acceptJsonOnly(fastify);
  const app = await NestFactory.create<NestFastifyApplication>(module, adapter, {
    logger: new NestLogger(logger),
    abortOnError: false,
    bodyParser: false,
  });
  app.useGlobalFilters(new ProblemFilter(logger, routes));
  authenticateFirst(fastify, app.get(Authenticator));
  measure(fastify, app.get<Registry>(METRICS));
  closeConnectionsOnStop(fastify);
  return { app, routes };
}

/** The router refuses a URL before any handler of errors is there. Fastify has set the status. */
function refuseUrl(_error: FastifyError, _request: FastifyRequest, reply: FastifyReply): void {
  const answer = problem('REQUEST.MALFORMED', 'The URL is malformed.', 'Encode it as RFC 3986 says.');
  void reply.status(answer.status).type('application/problem+json').send(JSON.stringify(answer));
}

function acceptJsonOnly(fastify: FastifyInstance): void {
  fastify.removeContentTypeParser('text/plain');
  const parseJson = fastify.getDefaultJsonParser('error', 'error'); // __proto__ and constructor are refused
  fastify.addContentTypeParser<string>('application/json', { parseAs: 'string' }, (request, body, done) => {
    // Many clients send the header with every call, also without a body.
    if (body === '') done(null, undefined);
    else parseJson(request, body, done);
  });
}

function authenticateFirst(fastify: FastifyInstance, authenticator: Authenticator): void {
  fastify.decorateRequest('role', undefined);
  fastify.addHook('onRequest', async (request) => {
    const area = areaOf(request.routeOptions.url);
    request.role = await authenticator.authenticate(area, request.headers.authorization);
  });
}

/** A connection that is kept alive after its last answer would hold up the stop until its client lets go. */
function closeConnectionsOnStop(fastify: FastifyInstance): void {
  let stopping = false;
  fastify.addHook('preClose', async () => {
    stopping = true;
  });
  fastify.addHook('onSend', async (_request, reply) => {
    if (stopping) reply.header('connection', 'close');
  });
}

function measure(fastify: FastifyInstance, registry: Registry): void {
  const seconds = new Histogram({
    name: 'config_http_request_seconds',
    help: 'Time to answer a call, by route and status',
    labelNames: ['method', 'route', 'status'],
    registers: [registry],
  });
  fastify.addHook('onResponse', async (request, reply) => {
    const labels = { method: request.method, route: request.routeOptions.url ?? 'none', status: reply.statusCode };
    seconds.observe(labels, reply.elapsedTime / 1_000);
  });
}

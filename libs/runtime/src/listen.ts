import type { DynamicModule, Type } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify';
import type { Logger } from './logger.js';
import { NestLogger } from './nest-logger.js';

export interface Listening {
  readonly url: string;
  readonly app: NestFastifyApplication;
}

/** Builds a Nest application on Fastify and listens. Port 0 lets the system choose. */
export async function listen(
  module: DynamicModule | Type,
  logger: Logger,
  host: string,
  port: number,
): Promise<Listening> {
  const app = await NestFactory.create<NestFastifyApplication>(
    module,
    new FastifyAdapter({ forceCloseConnections: true }),
    {
      logger: new NestLogger(logger),
      abortOnError: false,
    },
  );
  await app.listen(port, host);
  const address = app.getHttpServer().address();
  const bound = typeof address === 'object' && address ? address.port : port;
  return { url: `http://${host.includes(':') ? `[${host}]` : host}:${bound}`, app };
}

import { EndpointGuard } from '@mirror/connector';
import { Outbox, OutboxRelay } from '@mirror/outbox';
import { LOGGER, type Logger, RuntimeModule } from '@mirror/runtime';
import { type DynamicModule, Module } from '@nestjs/common';
import { APP_GUARD, APP_INTERCEPTOR, APP_PIPE } from '@nestjs/core';
import type { Registry } from 'prom-client';
import { AccessKeyStore } from './access/access-key-store.js';
import { AccessKeysController } from './access/access-keys.controller.js';
import { Authenticator } from './access/authenticator.js';
import { RoleGuard } from './access/role.guard.js';
import { TokenStore } from './access/token-store.js';
import { TokensController } from './access/tokens.controller.js';
import { BucketChanges } from './buckets/bucket-changes.js';
import { BucketStore } from './buckets/bucket-store.js';
import { BucketsController } from './buckets/buckets.controller.js';
import { StatusSources } from './buckets/status-sources.js';
import { CommandsController } from './commands/commands.controller.js';
import { MirrorCommands } from './commands/mirror-commands.js';
import { ConfigDatabase } from './database/config-database.js';
import { Transactions } from './database/transactions.js';
import type { ConfigEnv } from './env.js';
import { FailuresController } from './failures/failures.controller.js';
import { Failures } from './failures/failures.js';
import { OPENAPI, OpenApiController } from './http/openapi.controller.js';
import { buildOpenApi } from './http/openapi.js';
import { ParseRequest } from './http/parse-request.js';
import { RefuseUnknown } from './http/refuse-unknown.js';
import { InternalController } from './internal/internal.controller.js';
import { InternalBucketsController } from './internal/internal-buckets.controller.js';
import { EndpointProbe } from './locations/endpoint-probe.js';
import { LocationAnswers } from './locations/location-answers.js';
import { LocationChanges } from './locations/location-changes.js';
import { LocationStore } from './locations/location-store.js';
import { LocationsController } from './locations/locations.controller.js';
import { MasterKey } from './secrets/master-key.js';

/** What is connected or made before the application is. */
export interface ConfigParts {
  readonly env: ConfigEnv;
  readonly logger: Logger;
  readonly metrics: Registry;
  readonly database: ConfigDatabase;
  readonly masterKey: MasterKey;
  readonly guard: EndpointGuard;
  readonly outbox: Outbox;
  readonly relay: OutboxRelay;
}

export const publicControllers = [
  LocationsController,
  BucketsController,
  CommandsController,
  FailuresController,
  AccessKeysController,
  TokensController,
];

@Module({})
export class ConfigModule {
  static register({ env, logger, metrics, database, masterKey, guard, outbox, relay }: ConfigParts): DynamicModule {
    const readiness = [{ name: 'mongodb', check: () => database.check() }];
    return {
      module: ConfigModule,
      imports: [RuntimeModule.register({ logger, metrics, readiness, serviceToken: env.SERVICE_TOKEN })],
      controllers: [...publicControllers, InternalController, InternalBucketsController, OpenApiController],
      // In the order in which a call passes them.
      providers: [
        TokenStore,
        {
          provide: Authenticator,
          useFactory: (tokens: TokenStore) => new Authenticator(authenticatorOptions(env), tokens),
          inject: [TokenStore],
        },
        { provide: APP_GUARD, useClass: RoleGuard },
        { provide: APP_INTERCEPTOR, useClass: RefuseUnknown },
        { provide: APP_PIPE, useClass: ParseRequest },
        { provide: EndpointProbe, useValue: new EndpointProbe(guard) },
        { provide: MasterKey, useValue: masterKey },
        { provide: ConfigDatabase, useValue: database },
        { provide: Outbox, useValue: outbox },
        { provide: OutboxRelay, useValue: relay },
        Transactions,
        LocationStore,
        BucketStore,
        LocationChanges,
        BucketChanges,
        AccessKeyStore,
        {
          provide: StatusSources,
          useFactory: (log: Logger) => new StatusSources(statusOptions(env), log),
          inject: [LOGGER],
        },
        MirrorCommands,
        Failures,
        LocationAnswers,
        { provide: OPENAPI, useFactory: () => buildOpenApi(publicControllers) },
      ],
    };
  }
}

const authenticatorOptions = ({ SERVICE_TOKEN, BOOTSTRAP_ADMIN_TOKEN }: ConfigEnv) => ({
  serviceToken: SERVICE_TOKEN,
  bootstrapAdminToken: BOOTSTRAP_ADMIN_TOKEN,
});

const statusOptions = ({ POLLER_URL, METADATA_URL, REPLICATION_URL, SERVICE_TOKEN }: ConfigEnv) => ({
  pollerUrl: POLLER_URL,
  metadataUrl: METADATA_URL,
  replicationUrl: REPLICATION_URL,
  serviceToken: SERVICE_TOKEN,
});

import { Controller, Get, Param } from '@nestjs/common';
import { AccessKeyStore } from '../access/access-key-store.js';
import { toRevision } from '../database/state-event.js';
import { LocationChanges } from '../locations/location-changes.js';

interface LocationCredentials {
  readonly name: string;
  readonly endpoint: string;
  readonly region: string;
  readonly bucketName: string;
  readonly accessKey: string;
  readonly secretKey: string;
  readonly revision: string;
}

interface GatewayKey {
  readonly id: string;
  readonly secretAccessKey: string;
  readonly role: 'reader' | 'writer';
  readonly buckets: '*' | readonly string[];
}

/** What may be in no event: secrets, for the services that need them. The service token opens it; it is in no document. */
@Controller('internal/v1')
export class InternalController {
  constructor(
    private readonly locations: LocationChanges,
    private readonly keys: AccessKeyStore,
  ) {}

  /** 404 LOCATION.NOT_FOUND. Callers keep it for at most 30 s. */
  @Get('locations/:name/credentials')
  async credentials(@Param('name') name: string): Promise<LocationCredentials> {
    const { revision, ...target } = await this.locations.credentials(name);
    return { name, ...target, revision: toRevision(revision) };
  }

  /** 404 ACCESS_KEY.NOT_FOUND. Callers keep it for at most 30 s. */
  @Get('access-keys/:id')
  async accessKey(@Param('id') id: string): Promise<GatewayKey> {
    const { role, buckets, secret: secretAccessKey } = await this.keys.reveal(id);
    return { id, secretAccessKey, role, buckets };
  }
}

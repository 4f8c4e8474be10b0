import type { S3Client } from '@aws-sdk/client-s3';
import type { CachedLookup, LocationCredentials } from '@mirror/config-client';
import { createConnectorClient, type EndpointGuard, type LocationTarget, locationTarget } from '@mirror/connector';

/** A client of a location's connector, for as long as it is needed. */
export interface ConnectorLease {
  readonly client: S3Client;
  /** Target bucket at the connector. */
  readonly bucket: string;
  /** To be called once, when the answer's last byte was read. */
  release(): void;
}

interface Connector {
  readonly revision: string;
  readonly client: S3Client;
  readonly bucket: string;
  leases: number;
  replaced: boolean;
}

/** Downloads hold a connection each, for as long as their client takes. */
const MAX_SOCKETS = 256;

/**
 * One client a location, made anew when the location has another revision. The old one is closed when its last download has
 * ended, because closing it cuts them.
 */
export class ConnectorClients {
  readonly #connectors = new Map<string, Connector>();

  constructor(
    private readonly credentials: CachedLookup<LocationCredentials>,
    private readonly guard: EndpointGuard,
  ) {}

  /** Rejects with a TransientError when the config service does not tell how to reach the location. */
  async lease(location: string): Promise<ConnectorLease> {
    const connector = this.#connectorOf(location, locationTarget(location, await this.credentials.get(location)));
    connector.leases += 1;
    return {
      client: connector.client,
      bucket: connector.bucket,
      release: () => {
        connector.leases -= 1;
        closeIfUnused(connector);
      },
    };
  }

  /** The location changed: the next lease asks for its credentials. */
  forget(location: string): void {
    this.credentials.forget(location);
  }

  /** Cuts what is still being read. */
  stop(): void {
    for (const { client } of this.#connectors.values()) client.destroy();
    this.#connectors.clear();
  }

  #connectorOf(location: string, target: LocationTarget): Connector {
    const known = this.#connectors.get(location);
    if (known?.revision === target.revision) return known;
    const connector = this.#connect(target);
    this.#connectors.set(location, connector);
    if (known !== undefined) {
      known.replaced = true;
      closeIfUnused(known);
    }
    return connector;
  }

  #connect(target: LocationTarget): Connector {
    const client = createConnectorClient(target, { guard: this.guard, maxSockets: MAX_SOCKETS });
    const { revision, bucket } = target;
    return { revision, client, bucket, leases: 0, replaced: false };
  }
}

function closeIfUnused(connector: Connector): void {
  if (connector.replaced && connector.leases === 0) connector.client.destroy();
}

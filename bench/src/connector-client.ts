import { createConnectorClient, EndpointGuard, parseNetworks } from '@mirror/connector';
import type { S3Access } from '@mirror/end-to-end';

/** The product's own client, allowed to connect to this machine. */
export function connectorClient(access: S3Access): ReturnType<typeof createConnectorClient> {
  return createConnectorClient(access, { guard: new EndpointGuard(parseNetworks('127.0.0.0/8')) });
}

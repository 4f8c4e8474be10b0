import {
  createConnectorClient,
  EndpointGuard,
  type ListedVersion,
  listVersions,
  parseNetworks,
} from '@mirror/connector';
import { testServers } from '@mirror/testing';

/** What the stand-in connector lists of a bucket, page by page. */
export async function* listConnector(bucket: string): AsyncGenerator<readonly ListedVersion[], void> {
  const guard = new EndpointGuard(parseNetworks('127.0.0.0/8'));
  const client = createConnectorClient({ ...testServers().connector, bucket }, { guard });
  try {
    for await (const { versions } of listVersions(client, bucket)) yield versions;
  } finally {
    client.destroy();
  }
}

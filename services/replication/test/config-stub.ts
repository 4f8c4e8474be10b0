import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { testServers } from '@mirror/testing';

/** The config service, as far as this one asks it: the credentials of one location. */
export interface ConfigStub {
  readonly url: string;
  /** From now on the location is reached like this; a change needs another revision. */
  say(change: Partial<Credentials>): void;
  stop(): Promise<void>;
}

interface Credentials {
  name: string;
  endpoint: string;
  region: string;
  bucketName: string;
  accessKey: string;
  secretKey: string;
  revision: string;
}

export async function startConfigStub(endpoint: string, bucketName: string): Promise<ConfigStub> {
  const { region, accessKeyId: accessKey, secretAccessKey: secretKey } = testServers().connector;
  let credentials: Credentials = { name: 'ring', endpoint, region, bucketName, accessKey, secretKey, revision: '1' };
  const server = createServer((request, response) => {
    const isKnown = request.url === '/internal/v1/locations/ring/credentials';
    response.statusCode = isKnown ? 200 : 404;
    response.end(JSON.stringify(isKnown ? credentials : {}));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    say: (change) => {
      credentials = { ...credentials, ...change };
    },
    stop: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

import { startLoopbackServer, testServers } from '@mirror/testing';

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
  const { url, stop } = await startLoopbackServer((request, response) => {
    const isKnown = request.url === '/internal/v1/locations/ring/credentials';
    response.statusCode = isKnown ? 200 : 404;
    response.end(JSON.stringify(isKnown ? credentials : {}));
  });
  return {
    url,
    say: (change) => {
      credentials = { ...credentials, ...change };
    },
    stop,
  };
}

import { request } from 'node:http';

const standardSocket = '/var/run/docker.sock';
const timeoutMs = 2_000;

/**
 * Whether a Docker engine of this machine answers a ping. One that is reached by network does not count: our servers
 * listen on loopback, where its containers would not be.
 */
export function engineAnswers(dockerHost: string | undefined): Promise<boolean> {
  const socketPath = dockerHost === undefined ? standardSocket : /^unix:\/\/(.+)/.exec(dockerHost)?.[1];
  if (socketPath === undefined) return Promise.resolve(false);
  return new Promise((resolve) => {
    const ping = request({ socketPath, path: '/_ping', timeout: timeoutMs }, (answer) => {
      answer.resume();
      resolve(answer.statusCode === 200);
    });
    ping.once('timeout', () => ping.destroy());
    ping.once('close', () => resolve(false)); // the first word counts
    ping.once('error', () => resolve(false));
    ping.end();
  });
}

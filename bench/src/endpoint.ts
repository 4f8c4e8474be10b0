import { fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { S3Access } from '@mirror/end-to-end';
import type { AnsweredListing, SimulatedServerOptions } from '@mirror/testing';

export interface SimulatedEndpoint {
  readonly access: S3Access;
  /** Listings since it was last asked, and the versions that there are. */
  take(): Promise<Taken>;
  /** Of a page, from now on. */
  setLatency(latencyMs: number): Promise<Taken>;
  /** Changes this share of the versions; another round changes others, in place of the former. */
  churn(share: number, round: number): Promise<Taken>;
  stop(): Promise<void>;
}

export interface Taken {
  readonly listings: readonly AnsweredListing[];
  readonly versions: number;
}

type Answer = Taken & { readonly id: number; readonly access?: S3Access };

const program = fileURLToPath(new URL('simulated-endpoint.js', import.meta.url));

/** The simulated server as a process of its own. */
export async function startEndpoint(options: SimulatedServerOptions): Promise<SimulatedEndpoint> {
  const child = fork(program, [JSON.stringify(options)]);
  const waiting = new Map<number, (answer: Answer) => void>();
  child.on('message', (answer: Answer) => waiting.get(answer.id)?.(answer));
  const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  let id = 0;
  const answerTo = (request: object | null): Promise<Answer> =>
    new Promise((resolve, reject) => {
      waiting.set(id, resolve);
      void ended.then(() => reject(new Error('the simulated endpoint ended')));
      if (request) child.send({ id, ...request });
      id += 1;
    });
  const { access } = await answerTo(null);
  if (!access) throw new Error('the simulated endpoint gave no address');
  return {
    access,
    take: () => answerTo({}),
    setLatency: (latencyMs) => answerTo({ latencyMs }),
    churn: (share, round) => answerTo({ churn: { share, round } }),
    stop: async () => {
      child.disconnect();
      await ended;
    },
  };
}

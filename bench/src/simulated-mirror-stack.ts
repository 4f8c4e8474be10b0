import { locationOf, type OwnStack, type OwnStackOptions, startOwnStack } from '@mirror/end-to-end';
import type { SimulatedServerOptions } from '@mirror/testing';
import { type SimulatedEndpoint, startEndpoint } from './endpoint.js';

/** All services and servers, and a simulated endpoint that is known as a location. */
export interface SimulatedMirror {
  readonly stack: OwnStack;
  readonly endpoint: SimulatedEndpoint;
  /** Of the mirrored bucket. */
  readonly name: string;
  /** Begins to mirror the endpoint's bucket, under its location's name. */
  begin(): Promise<void>;
  /** Detaches it. */
  end(): Promise<void>;
  stop(): Promise<void>;
}

export async function startSimulatedMirror(
  report: (line: string) => void,
  name: string,
  contents: SimulatedServerOptions,
  options: OwnStackOptions,
): Promise<SimulatedMirror> {
  const endpoint = await startEndpoint(contents);
  const stack = await startOwnStack(report, options);
  const { api } = stack.system;
  const stop = async () => {
    await stack.stop();
    await endpoint.stop();
  };
  // The checks of a new location want quick answers: a latency is set after them.
  await api.post('/v1/locations', locationOf(`at-${name}`, endpoint.access)).catch(async (error: unknown) => {
    await stop();
    throw error;
  });
  const begin = async () => void (await api.post('/v1/buckets', { name, locationConstraint: `at-${name}:ingest` }));
  const end = () => api.delete(`/v1/buckets/${name}`);
  return { stack, endpoint, name, begin, end, stop };
}

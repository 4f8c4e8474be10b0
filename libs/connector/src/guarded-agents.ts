import { type AgentOptions, type ClientRequestArgs, Agent as HttpAgent } from 'node:http';
import { Agent as HttpsAgent } from 'node:https';
import { isIP, type OnReadOpts } from 'node:net';
import type { Duplex } from 'node:stream';
import { type EndpointGuard, withoutBrackets } from './endpoint-guard.js';

const MAX_IDLE_MS = 60_000;

type Created = (error: Error | null, socket: Duplex) => void;

export interface GuardedAgents {
  /** Destroys `listingAgent` with itself. */
  readonly httpAgent: HttpAgent;
  readonly httpsAgent: HttpsAgent;
  /**
   * As `httpAgent`, but what arrives on a connection is given in the same memory each time: only for those who use it up at
   * once. Memory of buffers that comes and goes has the whole heap collected every hundred pages or so.
   */
  readonly listingAgent: HttpAgent;
}

/** Keep-alive agents that connect only where the guard allows it. Names are checked, and pinned, by the guard's lookup. */
export function guardedAgents(guard: EndpointGuard, maxSockets: number): GuardedAgents {
  // With a timeout the agent heeds the shorter one that an endpoint announces, and does not send on what is about to be closed.
  const options: AgentOptions = { keepAlive: true, maxSockets, timeout: MAX_IDLE_MS };
  const listingAgent = new ReadingAgent(guard, options);
  const httpAgent = new GuardedHttpAgent(guard, options, listingAgent);
  return { httpAgent, httpsAgent: new GuardedHttpsAgent(guard, options), listingAgent };
}

class GuardedHttpAgent extends HttpAgent {
  constructor(
    private readonly guard: EndpointGuard,
    options: AgentOptions,
    private readonly companion?: HttpAgent,
  ) {
    super(options);
  }

  override destroy(): void {
    this.companion?.destroy();
    super.destroy();
  }

  override createConnection(options: ClientRequestArgs, created?: Created): Duplex | null | undefined {
    const refused = refuseLiteral(this.guard, options, created);
    return refused ? undefined : super.createConnection({ ...options, lookup: this.guard.lookup }, created);
  }
}

const READ_BYTES = 64 * 1024;

class ReadingAgent extends GuardedHttpAgent {
  override createConnection(options: ClientRequestArgs, created?: Created): Duplex | null | undefined {
    const buffer = Buffer.allocUnsafeSlow(READ_BYTES);
    const callback = (length: number): boolean => {
      socket?.emit('data', buffer.subarray(0, length));
      return true;
    };
    const reading: ClientRequestArgs & { onread: OnReadOpts } = { ...options, onread: { buffer, callback } };
    const socket = super.createConnection(reading, created);
    return socket;
  }
}

class GuardedHttpsAgent extends HttpsAgent {
  constructor(
    private readonly guard: EndpointGuard,
    options: AgentOptions,
  ) {
    super(options);
  }

  override createConnection(options: ClientRequestArgs, created?: Created): Duplex | null | undefined {
    const refused = refuseLiteral(this.guard, options, created);
    return refused ? undefined : super.createConnection({ ...options, lookup: this.guard.lookup }, created);
  }
}

/** Node connects to a literal address without asking any lookup, so these are checked before. */
function refuseLiteral(guard: EndpointGuard, options: ClientRequestArgs, created?: Created): boolean {
  const host = withoutBrackets(options.host ?? options.hostname ?? '');
  const refusal = isIP(host) ? guard.refusal(host) : undefined;
  if (!refusal) return false;
  // Node's own agent looks at the error first and then at no socket.
  process.nextTick(() => created?.(refusal, undefined as unknown as Duplex));
  return true;
}

import { type AgentOptions, type ClientRequestArgs, Agent as HttpAgent } from 'node:http';
import { Agent as HttpsAgent } from 'node:https';
import { isIP } from 'node:net';
import type { Duplex } from 'node:stream';
import { type EndpointGuard, withoutBrackets } from './endpoint-guard.js';

const MAX_IDLE_MS = 60_000;

type Created = (error: Error | null, socket: Duplex) => void;

export interface GuardedAgents {
  readonly httpAgent: HttpAgent;
  readonly httpsAgent: HttpsAgent;
}

/** Keep-alive agents that connect only where the guard allows it. Names are checked, and pinned, by the guard's lookup. */
export function guardedAgents(guard: EndpointGuard, maxSockets: number): GuardedAgents {
  // With a timeout the agent heeds the shorter one that an endpoint announces, and does not send on what is about to be closed.
  const options: AgentOptions = { keepAlive: true, maxSockets, timeout: MAX_IDLE_MS };
  return { httpAgent: new GuardedHttpAgent(guard, options), httpsAgent: new GuardedHttpsAgent(guard, options) };
}

class GuardedHttpAgent extends HttpAgent {
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

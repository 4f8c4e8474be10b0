import { connect as connectTcp, isIP, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { type EndpointGuard, withoutBrackets } from './endpoint-guard.js';
import { entries } from './error-table.js';
import { errorOf, translateS3Error } from './translate-error.js';

export interface Reached {
  readonly socket: Socket;
  readonly host: string;
}

/** Connects to an endpoint as the client would, through the guard. The caller ends the socket; so does `signal`. */
export async function reachEndpoint(endpoint: URL, guard: EndpointGuard, signal: AbortSignal): Promise<Reached> {
  const host = withoutBrackets(endpoint.hostname);
  const refusal = isIP(host) ? guard.refusal(host) : undefined;
  if (refusal) throw refusal;
  const port = Number(endpoint.port) || (endpoint.protocol === 'https:' ? 443 : 80);
  const socket = connectTcp({ host, port, lookup: guard.lookup, signal });
  return { socket: await settled(socket, 'connect', signal), host };
}

/**
 * Greets with TLS on a reached socket and answers the protocol's version. `trustAnyone` is for finding out whether a
 * port speaks TLS at all; nothing is sent over it.
 */
export async function greetWithTls(
  { socket, host }: Reached,
  signal: AbortSignal,
  trustAnyone = false,
): Promise<string> {
  const servername = isIP(host) ? undefined : host;
  const secure = connectTls({ socket, host, servername, rejectUnauthorized: !trustAnyone });
  const end = () => secure.destroy(new DOMException('The greeting was ended', 'AbortError'));
  signal.addEventListener('abort', end, { once: true });
  try {
    await settled(secure, 'secureConnect', signal);
    return secure.getProtocol() ?? 'TLS';
  } finally {
    signal.removeEventListener('abort', end);
    secure.destroy();
  }
}

function settled<T extends Socket>(socket: T, event: string, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const fail = (error: Error) => reject(signal.aborted ? tooLate() : translateS3Error(error));
    socket.once(event, () => resolve(socket));
    socket.once('close', () => fail(errorOf(entries.unreachable, 'The endpoint closed the connection at once')));
    // Stays as a listener: an error after this is nobody's, and would otherwise end the process.
    socket.on('error', fail);
  });
}

function tooLate(): Error {
  return errorOf(entries.timeout, 'The endpoint did not answer in time');
}

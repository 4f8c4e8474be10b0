import { connect, Socket } from 'node:net';
import type { ISocketFactory } from 'kafkajs';

const KEEP_ALIVE_DELAY_MS = 60_000;

/**
 * Sockets for one kafkajs client that end with the signal, and after it there are no new ones. A client of kafkajs that is
 * told to stop while it connects goes on by itself, and joins its group when nobody knows it any more: this stops it for sure.
 */
export function gatedSockets(signal: AbortSignal): ISocketFactory {
  const open = new Set<Socket>();
  signal.addEventListener('abort', () => {
    for (const socket of open) socket.destroy();
  });
  return ({ host, port, onConnect }) => {
    if (signal.aborted) return new Socket().destroy(new Error('this Kafka client was stopped'));
    const socket = connect({ host, port }, onConnect);
    socket.setKeepAlive(true, KEEP_ALIVE_DELAY_MS);
    open.add(socket);
    socket.once('close', () => open.delete(socket));
    return socket;
  };
}

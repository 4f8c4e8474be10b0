import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface LoopbackServer {
  /** `http://127.0.0.1:PORT`. */
  readonly url: string;
  readonly port: number;
  /** Ends its connections, too. */
  stop(): Promise<void>;
}

/**
 * An HTTP server that answers as the test says. An answer that throws is no answer: its connection ends.
 * @param port A free one when none is given.
 */
export async function startLoopbackServer(
  answer: (incoming: IncomingMessage, response: ServerResponse) => unknown,
  port = 0,
): Promise<LoopbackServer> {
  const answerOrCut = async (incoming: IncomingMessage, response: ServerResponse): Promise<void> => {
    try {
      await answer(incoming, response);
    } catch {
      response.destroy();
    }
  };
  const server = createServer((incoming, response) => void answerOrCut(incoming, response));
  server.listen(port, '127.0.0.1');
  await once(server, 'listening');
  const { port: listening } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${listening}`,
    port: listening,
    stop: async () => {
      server.close();
      server.closeAllConnections();
      await once(server, 'close');
    },
  };
}

import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';

/** Stands between the gateway and another server: counts what passes, and cuts it. */
export class TcpProxy {
  /** Bytes that came from the server. */
  bytesDown = 0;
  /** So many of the next requests end with their connection, unanswered. */
  requestsToCut = 0;
  readonly #open = new Set<Socket>();
  readonly #server: Server;
  #isPaused = false;

  constructor(target: string) {
    const { hostname, port } = new URL(target);
    this.#server = createServer((client) => {
      if (this.#isPaused) client.destroy();
      else this.#relay(client, connect(Number(port), hostname));
    });
  }

  /** Port 0: a free one. */
  async start(port = 0): Promise<string> {
    await new Promise<void>((resolve) => this.#server.listen(port, '127.0.0.1', resolve));
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  /** Connections that are open now. */
  get connections(): number {
    return this.#open.size;
  }

  /** Cuts every connection; new ones are taken. */
  cut(): void {
    for (const socket of this.#open) socket.destroy();
  }

  /** Cuts every connection, and new ones too, until it is resumed. */
  pause(): void {
    this.#isPaused = true;
    this.cut();
  }

  resume(): void {
    this.#isPaused = false;
  }

  /** Cuts every connection and refuses new ones, for good. */
  async stop(): Promise<void> {
    const closed = new Promise((resolve) => this.#server.close(resolve));
    this.cut();
    await closed;
  }

  #relay(client: Socket, upstream: Socket): void {
    this.#open.add(client);
    upstream.on('data', (chunk) => {
      this.bytesDown += chunk.length;
    });
    client.on('data', () => {
      if (this.requestsToCut === 0) return;
      this.requestsToCut -= 1;
      client.destroy();
    });
    client.pipe(upstream).pipe(client);
    const end = () => {
      client.destroy();
      upstream.destroy();
      this.#open.delete(client);
    };
    for (const socket of [client, upstream]) socket.on('close', end).on('error', end);
  }
}

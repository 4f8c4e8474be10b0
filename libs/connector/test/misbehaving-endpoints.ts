import { readFileSync } from 'node:fs';
import { createServer as createHttpServer, type RequestListener } from 'node:http';
import { createServer as createHttpsServer } from 'node:https';
import { type AddressInfo, connect, createServer as createTcpServer, type Server, type Socket } from 'node:net';
import { createServer as createTlsServer } from 'node:tls';

export interface LocalEndpoint extends AsyncDisposable {
  /** With scheme and port, at 127.0.0.1. */
  readonly url: string;
  readonly port: number;
  /** Connections that were made to it so far. */
  connections(): number;
}

export const certificate = (name: string) => readFileSync(new URL(`certificates/${name}.pem`, import.meta.url), 'utf8');

export function httpEndpoint(answer: RequestListener): Promise<LocalEndpoint> {
  return listen('http', createHttpServer(answer));
}

export function httpsEndpoint(certificateName: string, answer: RequestListener): Promise<LocalEndpoint> {
  const pem = certificate(certificateName);
  return listen('https', createHttpsServer({ key: pem, cert: pem }, answer));
}

export function tcpEndpoint(serve: (socket: Socket) => void): Promise<LocalEndpoint> {
  return listen('http', createTcpServer(serve));
}

/** TLS before a plain HTTP endpoint. */
export function tlsProxy(certificateName: string, target: string): Promise<LocalEndpoint> {
  const pem = certificate(certificateName);
  const { hostname, port } = new URL(target);
  const server = createTlsServer({ key: pem, cert: pem }, (socket) => {
    const onward = connect(Number(port), hostname);
    socket.pipe(onward).pipe(socket);
    onward.on('error', () => socket.destroy());
    socket.on('error', () => onward.destroy());
    socket.on('close', () => onward.destroy());
  });
  return listen('https', server);
}

function listen(scheme: string, server: Server): Promise<LocalEndpoint> {
  const sockets = new Set<Socket>();
  let count = 0;
  server.on('connection', (socket: Socket) => {
    count += 1;
    sockets.add(socket);
    socket.on('error', () => {});
    socket.on('close', () => sockets.delete(socket));
  });
  return new Promise((resolve) => {
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address() as AddressInfo;
      resolve({
        url: `${scheme}://127.0.0.1:${port}`,
        port,
        connections: () => count,
        async [Symbol.asyncDispose]() {
          for (const socket of sockets) socket.destroy();
          await new Promise((closed) => server.close(closed));
        },
      });
    });
  });
}

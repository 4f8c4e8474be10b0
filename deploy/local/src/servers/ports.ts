import { createServer } from 'node:net';

const host = '127.0.0.1';

/** `count` different ports that nothing listened on a moment ago. All are held until all are known, so none comes twice. */
export async function freePorts(count: number): Promise<number[]> {
  const held = await Promise.all(Array.from({ length: count }, () => listen(0)));
  const ports = held.map(({ port }) => port);
  await Promise.all(held.map(({ close }) => close()));
  return ports;
}

export async function freePort(): Promise<number> {
  const [port] = await freePorts(1);
  if (port === undefined) throw new Error('no free port');
  return port;
}

/** Whether something listens on that port of this host, or may not be listened on. */
export async function isTaken(port: number): Promise<boolean> {
  try {
    await (await listen(port)).close();
    return false;
  } catch {
    return true;
  }
}

function listen(port: number): Promise<{ port: number; close(): Promise<void> }> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', reject);
    server.listen({ port, host, exclusive: true }, () => {
      const address = server.address();
      if (address === null || typeof address === 'string') return reject(new Error('not a TCP address'));
      resolve({ port: address.port, close: () => new Promise((closed) => server.close(() => closed())) });
    });
  });
}

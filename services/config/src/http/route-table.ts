/** Which methods each address has: Fastify answers 404 to a wrong method, and we want to say 405. */
export class RouteTable {
  readonly #routes: { readonly method: string; readonly path: string; readonly pattern: RegExp }[] = [];

  /** @param path As Fastify has it, '/v1/locations/:name'. */
  add(methods: string | readonly string[], path: string): void {
    const pattern = new RegExp(`^${path.split('/').map(segmentPattern).join('/')}/?$`);
    for (const method of [methods].flat()) this.#routes.push({ method, path, pattern });
  }

  /** Empty when the address does not exist. */
  allowed(url: string): string[] {
    const pathname = url.split('?', 1)[0] ?? '';
    const found = this.#routes.filter(({ pattern }) => pattern.test(pathname)).map(({ method }) => method);
    return [...new Set(found)].sort();
  }

  /** Every route once, without HEAD, which comes with GET. */
  entries(): { method: string; path: string }[] {
    return this.#routes.filter(({ method }) => method !== 'HEAD').map(({ method, path }) => ({ method, path }));
  }
}

const segmentPattern = (segment: string): string =>
  segment.startsWith(':') ? '[^/]+' : segment.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');

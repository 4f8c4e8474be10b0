import { sayProblem } from './say-problem.js';

const requestTimeoutMs = 20_000; // a check of an endpoint may take 15 s

/** What the launcher shows of a mirror's status. */
export interface MirrorStatus {
  state: string;
  versions: { mirrored: number | null } | null;
  snapshot: { versionsListed: number | null; versionsPerSecond: number | null; completedAt: string | null } | null;
  lastError: { detail: string; hint?: string } | null;
}

/** The REST API of the config service, spoken as any user of it would. */
export class ConfigApi {
  constructor(
    private readonly url: string,
    private readonly token: string,
  ) {}

  /** Null when there is no such thing (404). */
  get<T>(path: string): Promise<T | null> {
    return this.#send('GET', path) as Promise<T | null>;
  }

  post<T>(path: string, body: unknown): Promise<T> {
    return this.#send('POST', path, body) as Promise<T>;
  }

  patch<T>(path: string, body: unknown): Promise<T> {
    return this.#send('PATCH', path, body) as Promise<T>;
  }

  async delete(path: string): Promise<void> {
    await this.#send('DELETE', path);
  }

  async #send(method: string, path: string, body?: unknown): Promise<unknown> {
    const response = await fetch(this.url + path, {
      method,
      headers: {
        authorization: `Bearer ${this.token}`,
        ...(body !== undefined && { 'content-type': 'application/json' }),
      },
      body: body === undefined ? undefined : JSON.stringify(body),
      signal: AbortSignal.timeout(requestTimeoutMs),
    });
    const text = await response.text();
    if (method === 'GET' && response.status === 404) return null;
    if (!response.ok) throw new Error(sayProblem(`${method} ${path}`, response.status, text));
    return text === '' ? null : JSON.parse(text);
  }
}

import { startLoopbackServer } from '@mirror/testing';

/** The internal API of another service, as it answers to config. */
export interface Owner {
  readonly url: string;
  /** 'Bearer TOKEN /internal/v1/…' for each call. */
  readonly asked: string[];
  /** From now on it says this; undefined: 404. */
  say(answer: object | ((path: string) => object | undefined)): void;
  stop(): Promise<void>;
}

export async function startOwner(first: object | ((path: string) => object | undefined)): Promise<Owner> {
  let says = first;
  const asked: string[] = [];
  const { url, stop } = await startLoopbackServer((request, response) => {
    const path = request.url ?? '';
    asked.push(`${request.headers.authorization} ${path}`);
    const answer = typeof says === 'function' ? says(path) : says;
    response.statusCode = answer === undefined ? 404 : 200;
    response.setHeader('content-type', 'application/json');
    response.end(JSON.stringify(answer ?? {}));
  });
  return {
    url,
    asked,
    say: (answer) => {
      says = answer;
    },
    stop,
  };
}

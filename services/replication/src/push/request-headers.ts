import type { StoredDescription } from '@mirror/namespace';

/** The headers that a version is written with: what the client gave, as it gave it, and nothing of ours. */
export function objectHeaders({ contentType, headers, metadata, tags }: StoredDescription): Record<string, string> {
  return {
    ...(contentType !== null && { 'content-type': contentType }),
    ...Object.fromEntries(headers),
    ...Object.fromEntries(metadata.map(([name, value]) => [`x-amz-meta-${name}`, value])),
    ...(tags.length > 0 && { 'x-amz-tagging': tags.map(encodePair).join('&') }),
  };
}

const encodePair = ([name, value]: readonly [string, string]): string =>
  `${encodeURIComponent(name)}=${encodeURIComponent(value)}`;

interface Extendable {
  readonly middlewareStack: {
    // biome-ignore lint/suspicious/noExplicitAny: the SDK's commands differ in every type parameter of their stacks
    add(middleware: (next: (args: any) => Promise<any>) => (args: any) => Promise<any>, options: object): void;
  };
}

/** A command that carries these headers beside its own, signed like them. The SDK knows no form that leaves them as they are. */
export function withHeaders<T>(command: T & Extendable, headers: Readonly<Record<string, string>>): T {
  command.middlewareStack.add(
    (next) => (args) => {
      Object.assign(args.request.headers, headers);
      return next(args);
    },
    { step: 'build', name: 'objectHeaders' },
  );
  return command;
}

import { isIPv6 } from 'node:net';
import { PermanentError } from '@mirror/runtime';

export interface CompletedEndpoint {
  /** With scheme, and with port where it is not the scheme's own; no slash at its end. */
  readonly url: string;
  /** The scheme that was filled in; null when the text had one. */
  readonly assumed: 'https' | 'http' | null;
  /** The other URL that the text may have meant; a failed check proposes it. */
  readonly alternative?: string;
}

/**
 * Completes what an operator wrote as endpoint: `ring.example`, `10.0.0.5:8000`, `https://s3.example`. Without a scheme,
 * port 443 means https and any other port http; without a port it is https. Throws ENDPOINT.INVALID with a hint.
 */
export function completeEndpoint(text: string): CompletedEndpoint {
  const trimmed = text.trim();
  const [scheme = ''] = /^[a-zA-Z][a-zA-Z0-9+.-]*:\/\//.exec(trimmed) ?? [];
  if (scheme !== '') return { url: originOf(trimmed, trimmed), assumed: null };
  const host = isIPv6(trimmed) ? `[${trimmed}]` : trimmed;
  const port = /:(\d+)$/.exec(host)?.[1];
  if (port === undefined) {
    const url = originOf(`https://${host}`, trimmed);
    return { url, assumed: 'https', alternative: url.replace('https:', 'http:') };
  }
  const assumed = Number(port) === 443 ? 'https' : 'http';
  return { url: originOf(`${assumed}://${host}`, trimmed), assumed };
}

function originOf(text: string, asWritten: string): string {
  if (asWritten === '') throw invalid('is empty', 'Give a host name or an IP address, with a port where needed.');
  // The URL parser forgives these silently, and would connect somewhere else than a person reads.
  if (/[\s\\]/.test(text)) throw invalid('has white space or a backslash', 'Give only host name and port.');
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (!url) throw invalid('is no host name or IP address', 'Write host:port, or an IPv6 address as [::1]:8000.');
  if (url.protocol !== 'http:' && url.protocol !== 'https:') {
    throw invalid(`has the scheme ${url.protocol.slice(0, -1)}`, 'Use http:// or https://.');
  }
  if (url.username !== '' || url.password !== '' || text.includes('@')) {
    throw invalid('contains user information', 'Give the keys as access key and secret key, never in the endpoint.');
  }
  if (url.pathname !== '/') throw invalid('has a path', 'Give host and port only; the bucket has a field of its own.');
  if (/[?#]/.test(text)) throw invalid('has a query or a fragment', 'Give host and port only.');
  if (url.port === '0') throw invalid('has port 0', 'Ports are 1 to 65535.');
  return url.origin;
}

function invalid(what: string, hint: string): PermanentError {
  return new PermanentError(`The endpoint ${what}`, { code: 'ENDPOINT.INVALID', hint });
}

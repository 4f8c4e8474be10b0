import { lookup as resolveName } from 'node:dns/promises';
import { BlockList, isIP, type LookupFunction } from 'node:net';
import { PermanentError } from '@mirror/runtime';
import { alwaysRefused, type Family, type Network, refusedUnlessListed } from './networks.js';

interface Address {
  readonly address: string;
  readonly family: number;
}

/** Every address of a name, as the system's resolver gives them. */
type Resolve = (hostname: string) => Promise<readonly Address[]>;

/**
 * Which addresses a connector may have. An empty list allows every public address; any other list allows exactly the
 * networks on it. Link-local, cloud metadata, unspecified, multicast and reserved addresses are refused whatever the
 * list says, and so is an IPv6 form that carries a refused IPv4 address.
 *
 * A name is refused when any one of its addresses is: one that answers with a good and a bad address is an attack, or
 * a mistake that would fail every other time.
 */
export class EndpointGuard {
  readonly #allowed: BlockList | null;

  constructor(
    allowed: readonly Network[],
    private readonly resolve: Resolve = (hostname) => resolveName(hostname, { all: true }),
  ) {
    this.#allowed = allowed.length === 0 ? null : blockListOf(allowed);
  }

  /** Undefined when a connection to this IP address may be made, otherwise the error that says why not. */
  refusal(address: string): PermanentError | undefined {
    const why = this.#whyNot(address);
    if (why === undefined) return undefined;
    return new PermanentError(`The endpoint's address is refused: it is ${why}`, {
      code: 'ENDPOINT.REFUSED',
      hint: 'An operator allows networks by ENDPOINT_ALLOW_NETWORKS; link-local and cloud metadata addresses never are.',
      context: { address },
    });
  }

  /**
   * For `net.connect`, which calls it for names and never for literal addresses. What it answers is what is connected
   * to, so nobody can change the name between the check and the connection.
   */
  readonly lookup: LookupFunction = (hostname, options, callback) => {
    this.#resolveChecked(hostname).then(
      (addresses) => {
        const usable = options.family ? addresses.filter(({ family }) => family === options.family) : addresses;
        const [first] = usable;
        if (first === undefined) return callback(noAddress(hostname), []);
        if (options.all) return callback(null, [...usable]);
        callback(null, first.address, first.family);
      },
      (error: Error) => callback(error, []),
    );
  };

  /** The addresses of a name or of a literal, when all of them may be connected to; otherwise it throws why not. */
  async check(host: string): Promise<void> {
    await this.#resolveChecked(withoutBrackets(host));
  }

  async #resolveChecked(hostname: string): Promise<readonly Address[]> {
    const addresses = isIP(hostname) ? [{ address: hostname, family: isIP(hostname) }] : await this.resolve(hostname);
    for (const { address } of addresses) {
      const refusal = this.refusal(address);
      if (refusal) throw refusal;
    }
    return addresses;
  }

  #whyNot(address: string): string | undefined {
    const [bare = ''] = address.split('%'); // an IPv6 zone: fe80::1%eth0
    const family = familyOf(bare);
    if (family === undefined) return 'not an IP address';
    for (const [why, networks] of always) if (networks.check(bare, family)) return `${why}, which is never allowed`;
    if (this.#allowed) return this.#allowed.check(bare, family) ? undefined : 'in none of the allowed networks';
    for (const [why, networks] of unlessListed) if (networks.check(bare, family)) return `${why}, which is not allowed`;
    return undefined;
  }
}

/** A URL's host name has an IPv6 address in brackets. */
export function withoutBrackets(host: string): string {
  return host.startsWith('[') && host.endsWith(']') ? host.slice(1, -1) : host;
}

const always = byReason(alwaysRefused);
const unlessListed = byReason(refusedUnlessListed);

function byReason(networks: Readonly<Record<string, readonly Network[]>>): readonly [string, BlockList][] {
  return Object.entries(networks).map(([why, list]) => [why, blockListOf(list)]);
}

function blockListOf(networks: readonly Network[]): BlockList {
  const list = new BlockList();
  for (const { address, prefix, family } of networks) {
    list.addSubnet(address, prefix, family);
    if (family === 'ipv6') continue;
    // The same host in IPv6 notation: mapped, translated, and through a NAT64 gateway.
    for (const form of ['::ffff:', '::ffff:0:', '64:ff9b::']) list.addSubnet(`${form}${address}`, 96 + prefix, 'ipv6');
  }
  return list;
}

function familyOf(address: string): Family | undefined {
  const version = isIP(address);
  return version === 4 ? 'ipv4' : version === 6 ? 'ipv6' : undefined;
}

function noAddress(hostname: string): NodeJS.ErrnoException {
  return Object.assign(new Error(`getaddrinfo ENOTFOUND ${hostname}`), { code: 'ENOTFOUND', hostname });
}

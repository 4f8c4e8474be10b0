import { parseArgs } from 'node:util';
import { type EndpointKind, endpointKinds } from './own-stack.js';

export interface AcceptanceSettings {
  readonly endpoint: EndpointKind;
  readonly pollers: number;
  readonly versions: number;
  /** Of churn. */
  readonly seconds: number;
  /** Changes a second. */
  readonly rate: number;
  /** 0: no poller is killed. */
  readonly killEverySeconds: number;
  /** Instead of all that: the snapshot of a slow connector, with so many kills in its course. */
  readonly snapshotKills: boolean;
  /** Likewise: a client at the gateway and one at the connector write the same keys. */
  readonly bothSides: boolean;
  /** Instead of all that: a simulated endpoint of every kind, and real ones, one after the other. */
  readonly personalities: boolean;
}

export const help = `npm run acceptance -- [flags]    fills a bucket, mirrors it, compares, changes it, compares again

  --endpoint KIND            ${endpointKinds.join(' or ')} (minio)
  --versions N               in the bucket, delete markers included (20000)
  --pollers N                that share the mirror (3)
  --kill-every-seconds N     one of the pollers is killed by SIGKILL and started again; 0: none (10)
  --seconds N                of churn (60)
  --rate N                   changes a second (50)
  --personalities            instead: simulated endpoints of every kind, all mirrored at once, with changes and faulty listings,
                             then MinIO and versitygw; --pollers (4), --versions (4000), --seconds (20), --rate (20) as above
  --snapshot-kills           instead: the snapshot of 100,000 versions at a connector that takes 200 ms a page, with ten kills
                             of pollers and metadata in its course; --versions and --pollers (1) as above
  --both-sides               instead: a client at the gateway and one at the connector put, overwrite and delete the same keys;
                             --seconds, and --rate of each, as above
`;

const flags = {
  endpoint: { type: 'string', default: 'minio' },
  versions: { type: 'string' },
  pollers: { type: 'string' },
  'kill-every-seconds': { type: 'string', default: '10' },
  seconds: { type: 'string' },
  rate: { type: 'string' },
  personalities: { type: 'boolean', default: false },
  'snapshot-kills': { type: 'boolean', default: false },
  'both-sides': { type: 'boolean', default: false },
  help: { type: 'boolean', default: false },
} as const;

/** Null when help is asked for. Throws with all faults in one message. */
export function readSettings(args: readonly string[]): AcceptanceSettings | null {
  const { values } = parseArgs({ args: [...args], options: flags });
  if (values.help) return null;
  const faults: string[] = [];
  const snapshotKills = values['snapshot-kills'];
  const { personalities } = values;
  const standard = standardOf(snapshotKills, personalities);
  const number = (flag: keyof typeof values, lowest: number, highest: number, otherwise?: number): number => {
    const value = Number(values[flag] ?? otherwise);
    if (Number.isInteger(value) && value >= lowest && value <= highest) return value;
    faults.push(`--${flag} takes a whole number from ${lowest} to ${highest}, not "${values[flag]}"`);
    return lowest;
  };
  const endpoint = endpointKinds.find((kind) => kind === values.endpoint);
  if (endpoint === undefined) faults.push(`--endpoint is ${endpointKinds.join(' or ')}, not "${values.endpoint}"`);
  const settings = {
    endpoint: endpoint ?? 'minio',
    versions: number('versions', 1, 10_000_000, standard.versions),
    pollers: number('pollers', 1, 20, standard.pollers),
    killEverySeconds: number('kill-every-seconds', 0, 3600),
    seconds: number('seconds', 1, 3600, standard.seconds),
    rate: number('rate', 1, 10_000, standard.rate),
    snapshotKills,
    bothSides: values['both-sides'],
    personalities,
  };
  if (faults.length > 0) throw new Error(faults.join('\n'));
  return settings;
}

function standardOf(snapshotKills: boolean, personalities: boolean) {
  if (personalities) return { versions: 4_000, pollers: 4, seconds: 20, rate: 20 };
  return {
    ...(snapshotKills ? { versions: 100_000, pollers: 1 } : { versions: 20_000, pollers: 3 }),
    seconds: 60,
    rate: 50,
  };
}

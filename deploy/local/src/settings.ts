import { parseArgs } from 'node:util';
import { ownConnectorHelp, readOwnConnector } from './own-connector.js';
import type { Connector } from './put-sample.js';

/** What listens on a port in the local stack, in the order in which a person reads them. */
export const standardPorts = {
  gateway: 4000,
  config: 4100,
  poller: 4200,
  metadata: 4300,
  replication: 4400,
  connector: 8000,
  kafka: 9092,
  mongodb: 27017,
} as const;

export type PortName = keyof typeof standardPorts;
export const portNames = Object.keys(standardPorts) as PortName[];

export interface Settings {
  /** 0 for a free one, chosen at the start. */
  ports: Record<PortName, number>;
  logLevel: string;
  /** Versions, about, that the sample bucket is filled with at the first start. */
  sampleVersions: number;
  /** Kafka, MongoDB and the connector are somebody else's, Docker Compose's for example: used, neither started nor stopped. */
  externalServers: boolean;
  /** What to mirror instead of the sample; null: the sample. Nothing is ever written into its bucket. */
  ownConnector: Connector | null;
}

/** Reads flags, then the environment, then defaults. Throws with all faults in one message. Null when help is asked for. */
export function readSettings(args: string[], env: Record<string, string | undefined>): Settings | null {
  const { values } = parseArgs({ args, options: flagOptions(), strict: true });
  if (values.help === true) return null;
  const given: Record<string, string | boolean | undefined> = values;
  const faults: string[] = [];
  const number = (flag: string, variable: string, standard: number, highest: number): number => {
    const text = String(given[flag] ?? env[variable] ?? standard);
    if (/^\d{1,7}$/.test(text) && Number(text) <= highest) return Number(text);
    faults.push(`--${flag} (or ${variable}) must be a number from 0 to ${highest}, not "${text}"`);
    return standard;
  };
  const standardOf = (name: PortName) => (values['free-ports'] === true ? 0 : standardPorts[name]);
  const entries = portNames.map((name) => {
    return [name, number(flagOf(name), variableOf(name), standardOf(name), 65535)] as const;
  });
  const settings = {
    ports: Object.fromEntries(entries) as Settings['ports'],
    logLevel: values['log-level'] ?? env.LOG_LEVEL ?? 'info',
    sampleVersions: number('sample-versions', 'MIRROR_SAMPLE_VERSIONS', 3000, 1_000_000),
    externalServers: values['external-servers'] === true,
    ownConnector: readOwnConnector(values, env, faults),
  };
  faults.push(...doubledPorts(settings.ports));
  if (faults.length > 0) throw new Error(faults.join('\n'));
  return settings;
}

export const flagOf = (name: PortName) => `${name}-port`;
export const variableOf = (name: PortName) => `MIRROR_${name.toUpperCase()}_PORT`;

export const help = `npm start -- [flags]    the local stack, in the foreground until Ctrl-C

${portNames.map(helpLine).join('\n')}
  --free-ports          free ports for all that is not set: beside another stack
  --sample-versions N   3000; versions in the sample bucket, put at the first start
  --external-servers    use Kafka, MongoDB and the connector that run already (docker compose up)
  --log-level LEVEL     info; of the services' logs in .local/logs
${ownConnectorHelp}`;

function helpLine(name: PortName): string {
  return `${`  --${flagOf(name)} N`.padEnd(24)}${standardPorts[name]}, or ${variableOf(name)}`;
}

function flagOptions() {
  const ports = portNames.map((name) => [flagOf(name), { type: 'string' }] as const);
  return {
    ...(Object.fromEntries(ports) as Record<string, { type: 'string' }>),
    'free-ports': { type: 'boolean' },
    'sample-versions': { type: 'string' },
    'external-servers': { type: 'boolean' },
    'log-level': { type: 'string' },
    endpoint: { type: 'string' },
    bucket: { type: 'string' },
    region: { type: 'string' },
    help: { type: 'boolean' },
  } as const;
}

/** Port 0 may come any number of times. */
function doubledPorts(ports: Settings['ports']): string[] {
  const users = Map.groupBy(portNames, (name) => ports[name]);
  const doubled = [...users].filter(([port, names]) => port !== 0 && names.length > 1);
  return doubled.map(([port, names]) => `port ${port} is given to ${names.join(' and ')}`);
}

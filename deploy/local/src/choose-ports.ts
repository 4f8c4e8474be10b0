import { freePorts, isTaken } from './servers/ports.js';
import { flagOf, type PortName, portNames, type Settings, variableOf } from './settings.js';

/** The ports that are not ours to listen on when the servers are somebody else's. */
export const serverPorts: PortName[] = ['connector', 'kafka', 'mongodb'];

type PortSettings = Pick<Settings, 'ports' | 'externalServers' | 'ownConnector'>;

/** Replaces each 0 by a free port. Throws when one that was asked for is taken, with how to choose another. */
export async function choosePorts(settings: PortSettings): Promise<Record<PortName, number>> {
  const { ports, externalServers, ownConnector } = settings;
  // A connector of the user's own is wherever its endpoint says.
  const used = portNames.filter((name) => ownConnector === null || name !== 'connector');
  const ours = used.filter((name) => !(externalServers && serverPorts.includes(name)));
  const taken = await Promise.all(ours.map((name) => ports[name] !== 0 && isTaken(ports[name])));
  const faults = ours.filter((_, index) => taken[index]).map((name) => sayTaken(name, ports[name]));
  faults.push(
    ...(await silentServers(
      used.filter((name) => !ours.includes(name)),
      ports,
    )),
  );
  if (faults.length > 0) throw new Error(faults.join('\n'));
  const free = await freePorts(portNames.length);
  const entries = portNames.map((name, index) => [name, ports[name] || free[index]] as const);
  return Object.fromEntries(entries) as Record<PortName, number>;
}

/** Somebody else's servers must be there. */
async function silentServers(names: PortName[], ports: Settings['ports']): Promise<string[]> {
  const there = await Promise.all(names.map((name) => isTaken(ports[name])));
  const silent = names.filter((_, index) => !there[index]);
  return silent.map(
    (name) => `Nothing listens on port ${ports[name]}, where ${name} is expected: docker compose up -d --wait`,
  );
}

function sayTaken(name: PortName, port: number): string {
  const other = port + 10;
  const choice = `npm start -- --${flagOf(name)} ${other}, or ${variableOf(name)}=${other}`;
  return `Port ${port}, for ${name}, is taken. Choose another: ${choice}; or free ones for all: --free-ports`;
}

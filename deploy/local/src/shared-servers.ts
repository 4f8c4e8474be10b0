import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { identifyProcess } from './process-identity.js';
import { startServers } from './servers/servers.js';

/**
 * `npm run servers`: a set of servers that stays until it is told to end, for whoever runs tests again and again. The test
 * runs of this clone find it by the file it writes, and use it as long as this process runs. Its data is thrown away.
 */
const addressFile = fileURLToPath(new URL('../../../.local/test-servers.json', import.meta.url));

const dataDir = mkdtempSync(join(tmpdir(), 'mirror-servers-'));
const servers = await startServers({ dataDir, report: (line) => console.log(line) });
const { endpoint, region, accessKeyId, secretAccessKey } = servers.connector;
const addresses = {
  note: 'A running set of servers for tests, started by `npm run servers`; end it by its pid (SIGTERM).',
  process: identifyProcess(process.pid),
  mongodbUrl: servers.mongodb.url,
  kafkaBrokers: servers.kafka.brokers,
  connector: { endpoint, region, accessKeyId, secretAccessKey },
};
mkdirSync(dirname(addressFile), { recursive: true });
writeFileSync(addressFile, `${JSON.stringify(addresses, null, 2)}\n`, { mode: 0o600 });
console.log(JSON.stringify(addresses, null, 2));

let ending = false;
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => void end());
setInterval(() => {}, 2 ** 30); // nothing else keeps this process up: the servers' handles may all go

async function end(): Promise<void> {
  if (ending) return;
  ending = true;
  rmSync(addressFile, { force: true });
  await servers.stop();
  rmSync(dataDir, { recursive: true, force: true });
  process.exit(0);
}

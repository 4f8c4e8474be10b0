import { fileURLToPath } from 'node:url';
import { LocalStack } from './local-stack.js';
import { help, readSettings, type Settings } from './settings.js';

/** `npm start`: the local stack in the foreground, with or without a terminal, until it is told to end. */
const root = fileURLToPath(new URL('../../../', import.meta.url));
const lookForParentEveryMs = 500;

const settings = settingsOrExit();
delete process.env.CONNECTOR_SECRET_ACCESS_KEY; // it is read: no server and no service has it in its environment
const stack = new LocalStack(root, settings, (line) => console.log(line));
let stopping: Promise<void> | null = null;

// Whoever read our output may be gone before us; that is no reason to leave servers behind.
for (const stream of [process.stdout, process.stderr]) stream.on('error', () => {});
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => void stop(0));
process.on('uncaughtException', (error) => {
  console.error(error);
  void stop(1);
});
stopWithParent();

try {
  await stack.start();
} catch (error) {
  if (stopping === null) console.error(`\n${(error as Error).message}\n`);
  await stop(1);
}
setInterval(() => {}, 2 ** 30); // stays also when every service waits to be started again

function stop(exitCode: number): Promise<void> {
  stopping ??= stack.stop().then(() => process.exit(exitCode));
  return stopping;
}

/** The one who started us notices npm's death and says so; its own death we notice here. */
function stopWithParent(): void {
  const parent = Number(process.env.BOOTSTRAP_PID ?? 0);
  if (parent === 0) return; // started by hand
  setInterval(() => {
    if (process.ppid !== parent) void stop(0);
  }, lookForParentEveryMs);
}

function settingsOrExit(): Settings {
  try {
    const read = readSettings(process.argv.slice(2), process.env);
    if (read !== null) return read;
    console.log(help);
    process.exit(0);
  } catch (error) {
    console.error(`${(error as Error).message}\nnpm start -- --help shows all flags.`);
    process.exit(2);
  }
}

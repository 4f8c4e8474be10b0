// What every npm script begins with. On a fresh clone nothing is there but this file's own language, so it is plain
// JavaScript for any Node from 18 on, and uses built-ins only. It brings the dependencies and the build up to date, then
// runs the command with the Node that the project pins.
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { ClosingLine } from './closing-line.mjs';
import { whenParentIsGone } from './parent-watch.mjs';

const root = fileURLToPath(new URL('../../', import.meta.url));
const bin = join(root, 'node_modules', '.bin');
const node = join(bin, 'node');
// kafkajs waits for times that have passed, and Node 24 says so each time.
const nodeFlags = ['--disable-warning=TimeoutNegativeWarning'];

const [command = '', ...args] = process.argv.slice(2);
const commands = {
  start: () => runNode('deploy/local/dist/start.js', args),
  servers: () => runNode('deploy/local/dist/shared-servers.js', args),
  compare: () => runNode('tools/compare/dist/main.js', args),
  bench: () => runNode('bench/dist/main.js', args),
  faults: () => runNode('tests/end-to-end/dist/faults.js', args),
  acceptance: () => runNode('tests/end-to-end/dist/acceptance.js', args),
  test: () => runTests(args),
  'test:containers': runTestsInContainers,
  check: runChecks,
};

const run = commands[command];
if (run === undefined) {
  console.error(`Usage: bootstrap.mjs ${Object.keys(commands).join(' | ')}`);
  process.exit(2);
}
// Whoever reads our output may be gone before the child has ended.
for (const stream of [process.stdout, process.stderr]) stream.on('error', () => {});
process.exit(await prepareAndRun());

async function prepareAndRun() {
  const code = (await installDependencies()) || (command === 'check' ? 0 : await build());
  if (code === 0) return run();
  if (command.startsWith('test')) new ClosingLine(process.stdout).finish(code); // a run that can't begin has failed, too
  return code;
}

/** `npm ci` unless what is installed is what the lock file says, by its hash. */
async function installDependencies() {
  const lock = join(root, 'package-lock.json');
  const stamp = join(root, 'node_modules', '.installed-lock-sha256');
  const hash = createHash('sha256').update(readFileSync(lock)).digest('hex');
  if (readIfThere(stamp) === hash && existsSync(node)) return 0;
  if (!installedByHand(lock)) {
    console.error('Installing dependencies (npm ci)');
    const code = await runProgram('npm', ['ci', '--no-progress', '--loglevel=error'], { stdout: 'stderr' });
    if (code !== 0) return code;
  }
  writeFileSync(stamp, hash);
  return 0;
}

/** npm leaves its own note of what it installed; one later than the lock file needs no second installation. */
function installedByHand(lock) {
  const note = join(root, 'node_modules', '.package-lock.json');
  return existsSync(node) && existsSync(note) && statSync(note).mtimeMs >= statSync(lock).mtimeMs;
}

/** `tsc -b` knows by itself what is up to date: half a second when all is. */
function build() {
  return runProgram(join(bin, 'tsc'), ['-b'], { stdout: 'stderr' });
}

/** The line `N passed, N failed` is held back until all else is written, so that it is the last. */
async function runTests(filters, env = {}) {
  const closing = new ClosingLine(process.stdout);
  const vitest = join(root, 'node_modules', 'vitest', 'vitest.mjs');
  const colour = process.stdout.isTTY ? { FORCE_COLOR: '1' } : {};
  const vitestArgs = [...nodeFlags, vitest, 'run', ...filters];
  const child = start(node, vitestArgs, ['inherit', 'pipe', 'inherit'], { ...colour, ...env });
  child.stdout.setEncoding('utf8').on('data', (text) => closing.write(text));
  return closing.finish(await endOf(child));
}

/** With an engine that runs; what needs all three servers, unless the arguments choose something else. */
async function runTestsInContainers() {
  const code = await runProgram(join(root, 'deploy', 'images', 'base-image.sh'), [], { stdout: 'stderr' });
  if (code !== 0) {
    new ClosingLine(process.stdout).finish(code);
    return code;
  }
  const files = ['libs/testing/test/servers', 'services/metadata/test/apply-changes', 'services/gateway/test/tools'];
  const some = [...files, 'tests/end-to-end/test/main-job'];
  return runTests(args.length > 0 ? args : some, { TEST_SERVERS: 'containers' });
}

async function runChecks() {
  const steps = [
    ['biome', ['check', '.', ...args]],
    ['tsc', ['-b']],
    ['tsc', ['-p', 'tsconfig.tests.json']],
    ['node', ['tools/check-packages.ts']],
  ];
  let failed = 0;
  for (const [tool, toolArgs] of steps) {
    console.error(`${tool} ${toolArgs.join(' ')}`);
    if ((await runProgram(join(bin, tool), toolArgs)) !== 0) failed += 1;
  }
  return failed === 0 ? 0 : 1;
}

function runNode(script, scriptArgs) {
  return runProgram(node, [...nodeFlags, join(root, script), ...scriptArgs]);
}

function runProgram(program, programArgs, { stdout = 'inherit' } = {}) {
  return endOf(start(program, programArgs, ['inherit', stdout === 'stderr' ? 2 : 'inherit', 'inherit']));
}

/** In a process group of its own: Ctrl-C reaches it once, through here, and not a second time from the terminal. */
function start(program, programArgs, stdio, env = {}) {
  const path = `${bin}${delimiter}${process.env.PATH ?? ''}`;
  return spawn(program, programArgs, {
    cwd: root,
    stdio,
    detached: true,
    env: { ...process.env, ...env, PATH: path, BOOTSTRAP_PID: String(process.pid) },
  });
}

/** Settles with the child's exit code. Meanwhile signals are passed on, and npm's death is one. */
function endOf(child) {
  let passed = false;
  const passOn = (signal) => {
    if (!passed) child.kill(signal);
    passed = true;
  };
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, passOn);
  const unwatch = whenParentIsGone(() => passOn('SIGTERM'));
  return new Promise((resolve) => {
    child.on('error', (error) => {
      console.error(`${child.spawnfile}: ${error.message}`);
      resolve(127);
    });
    child.on('close', (code) => resolve(code ?? 1));
  }).finally(() => {
    unwatch();
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.off(signal, passOn);
  });
}

function readIfThere(path) {
  return existsSync(path) ? readFileSync(path, 'utf8') : null;
}

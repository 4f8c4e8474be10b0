import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { availableParallelism, cpus, totalmem } from 'node:os';
import { fileURLToPath } from 'node:url';
import { adaptive } from './adaptive.js';
import { type Benchmark, toMarkdown } from './benchmark.js';
import { firstSnapshot } from './first-snapshot.js';
import { hinted } from './hinted.js';
import { memory } from './memory.js';
import { pages } from './pages.js';
import { passes } from './passes.js';
import { pollerMemory } from './poller-memory.js';
import { pollers } from './pollers.js';
import { push } from './push.js';
import { replaceSection } from './results-file.js';
import { scan } from './scan.js';
import { snapshot } from './snapshot.js';
import { visible } from './visible.js';
import { writes } from './writes.js';

/** `npm run bench [-- NAME…]`: runs all benchmarks, or those named. Exit code 1 where a goal is missed. */
const benchmarks: readonly Benchmark[] = [
  visible,
  hinted,
  scan,
  firstSnapshot,
  passes,
  pollers,
  pages,
  writes,
  push,
  snapshot,
  adaptive,
  memory,
  pollerMemory,
];

const resultsFile = fileURLToPath(new URL('../RESULTS.md', import.meta.url));
const introduction = `# Results

The last run of each benchmark, as \`npm run bench\` wrote it.
`;

process.exitCode = await main(process.argv.slice(2));

async function main(names: readonly string[]): Promise<number> {
  const unknown = names.filter((name) => !benchmarks.some((benchmark) => benchmark.name === name));
  if (unknown.length > 0) {
    console.error(
      `No such benchmark: ${unknown.join(', ')}. There are: ${benchmarks.map(({ name }) => name).join(', ')}`,
    );
    return 2;
  }
  let missed = 0;
  for (const benchmark of benchmarks) {
    if (names.length === 0 || names.includes(benchmark.name)) missed += await runOne(benchmark);
  }
  return missed === 0 ? 0 : 1;
}

/** Answers how many goals were missed. */
async function runOne(benchmark: Benchmark): Promise<number> {
  const result = await benchmark.run((line) => console.log(line));
  const command = `npm run bench -- ${benchmark.name}`;
  const section = toMarkdown(benchmark.title, result, { command, machine: machine(), at: new Date().toISOString() });
  console.log(`\n${section}`);
  const text = existsSync(resultsFile) ? readFileSync(resultsFile, 'utf8') : introduction;
  writeFileSync(resultsFile, replaceSection(text, benchmark.name, section));
  return result.figures.filter(({ met }) => !met).length;
}

function machine(): string {
  const memory = `${Math.round(totalmem() / 2 ** 30)} GiB`;
  const model = cpus()[0]?.model.trim() ?? 'unknown processor';
  return `${availableParallelism()} cores (${model}), ${memory}, ${process.platform}, Node ${process.version}`;
}

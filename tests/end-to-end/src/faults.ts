import { parseArgs } from 'node:util';
import { startCuttingProxy } from '@mirror/testing';
import { startOwnStack } from './own-stack.js';
import { type FaultsFigures, faultsEnvironment, runUploadFaults } from './upload-faults.js';

const help = `npm run faults -- [flags]    uploads while services are killed and answers are lost; each upload must arrive once

  --seed N       the first seed (1): a run that was stopped goes on from there
  --seeds N      so many seeds (20)
  --uploads N    of each seed (2000)
  --kills N      of each service in each seed (3)
  --cut PERCENT  of the connector's answers to writes are lost (3)
`;

/** Exit code 1 at the first seed that fails, which is told. */
const report = (line: string): void => console.log(line);

const { values } = parseArgs({
  options: {
    seed: { type: 'string', default: '1' },
    seeds: { type: 'string', default: '20' },
    uploads: { type: 'string', default: '2000' },
    kills: { type: 'string', default: '3' },
    cut: { type: 'string', default: '3' },
    help: { type: 'boolean', default: false },
  },
});

try {
  if (values.help) report(help);
  else await runSeeds();
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
}

async function runSeeds(): Promise<void> {
  const first = wholeNumber('seed', 0);
  const last = first + wholeNumber('seeds', 1) - 1;
  const [uploads, kills, cutShare] = [wholeNumber('uploads', 1), wholeNumber('kills', 0), wholeNumber('cut', 0) / 100];
  const stack = await startOwnStack(report, { environment: faultsEnvironment });
  const proxy = await startCuttingProxy(stack.connector.endpoint);
  try {
    for (let seed = first; seed <= last; seed += 1) {
      const job = { seed, uploads, kills, cutShare, report };
      try {
        report(summary(seed, await runUploadFaults(stack.system, stack.connector, proxy, job)));
      } catch (error) {
        report(`seed ${seed} FAILED; go on with --seed ${seed}`);
        throw error;
      }
    }
    report(`seeds ${first} to ${last}: every answered upload arrived exactly once`);
  } finally {
    await stack.stop();
    await proxy.stop();
  }
}

function summary(seed: number, figures: FaultsFigures): string {
  const { answered, unanswered, unansweredThere, versions, kills, cutAnswers, seconds } = figures;
  const killed = Object.entries(kills).map(([name, count]) => `${name} ${count}`);
  return (
    `seed ${seed} ok: ${answered} answered, ${unanswered} not (${unansweredThere} of them arrived), ${versions} versions; ` +
    `killed with work in flight: ${killed.join(', ')}; ${cutAnswers} answers lost; ${seconds.toFixed(0)} s`
  );
}

function wholeNumber(flag: 'seed' | 'seeds' | 'uploads' | 'kills' | 'cut', least: number): number {
  const value = Number(values[flag]);
  if (Number.isInteger(value) && value >= least) return value;
  throw new Error(`--${flag} takes a whole number from ${least} on, not "${values[flag]}"`);
}

import { existsSync, readFileSync } from 'node:fs';
import { type Flags, parseFlags, readSettings, type Settings, usage } from './arguments.js';
import { compareSides, type OpenDeep } from './compare-sides.js';
import { listVersions, type Side } from './list-versions.js';
import { DeepComparison } from './read-version.js';
import { exitCodes, judge, reportLines } from './report.js';

/** Answers the exit code; whatever goes wrong is "could not compare", never "different". */
async function main(args: readonly string[]): Promise<number> {
  try {
    const flags = parseFlags(args);
    if (flags.help) {
      console.log(usage);
      return 0;
    }
    return await compare(readSettings(flags, process.env, readStack(flags)));
  } catch (error) {
    console.error(`not compared ${error instanceof Error ? error.message : String(error)}`);
    return exitCodes['not compared'];
  }
}

async function compare(settings: Settings): Promise<number> {
  const { a, b, prefix, maxKeys, maxSamples, deep, allowEmpty } = settings;
  const list = (side: Side) => () => listVersions(side, { prefix, maxKeys });
  const openDeep: OpenDeep = (onDifference) => new DeepComparison({ A: a, B: b }, onDifference);
  const comparison = await compareSides(list(a), list(b), maxSamples, deep ? openDeep : undefined);
  const verdict = judge(comparison, allowEmpty);
  const names = { a: `${a.endpoint}/${a.bucket}`, b: `${b.endpoint}/${b.bucket}` };
  for (const line of reportLines(comparison, verdict, names)) console.log(line);
  return exitCodes[verdict];
}

function readStack(flags: Flags): string | null {
  return existsSync(flags.stack) ? readFileSync(flags.stack, 'utf8') : null;
}

process.exitCode = await main(process.argv.slice(2));

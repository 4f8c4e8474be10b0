import type { S3Access } from '@mirror/end-to-end';
import type { KeyFamily } from '@mirror/testing';
import type { Benchmark, BenchmarkResult, Figure } from './benchmark.js';
import { connectorClient } from './connector-client.js';
import { startEndpoint } from './endpoint.js';
import { type Scan, scanVersions } from './scan-versions.js';

const versions = 3_000_000;
const latencyMs = 80;
const inFlight = 16;
const goal = 14;
/** One page after the other takes the same time for each: a part of them tells the pace. */
const serialPages = 250;
const families: readonly KeyFamily[] = ['hashed', 'dated', 'nested'];

/** How much faster 16 pages in flight list an unknown key space than one page after the other. */
export const scan: Benchmark = {
  name: 'scan',
  title: 'Version scan, 16 in flight ÷ serial',
  async run(report) {
    const figures: Figure[] = [];
    for (const family of families) figures.push(...(await measure(family, report)));
    return toResult(figures);
  },
};

async function measure(family: KeyFamily, report: (line: string) => void): Promise<Figure[]> {
  const endpoint = await startEndpoint({ family, versions, latencyMs });
  try {
    const serial = await scanOnce(endpoint.access, 1, serialPages);
    const parallel = await scanOnce(endpoint.access, inFlight);
    if (parallel.versions !== versions) throw new Error(`listed ${parallel.versions} of ${versions} versions`);
    const ratio = pace(parallel) / pace(serial);
    report(`${family}: ${describe(serial)}; ${inFlight} in flight: ${describe(parallel)}; ${ratio.toFixed(1)} times`);
    return [
      { name: `${family}: times as fast`, measured: ratio.toFixed(1), goal: `≥ ${goal}`, met: ratio >= goal },
      {
        name: `${family}: pages a second`,
        measured: `${pagesOf(parallel)}, serial ${pagesOf(serial)}`,
        goal: '',
        met: true,
      },
    ];
  } finally {
    await endpoint.stop();
  }
}

async function scanOnce(access: S3Access, pagesInFlight: number, maxPages?: number): Promise<Scan> {
  const client = connectorClient(access);
  try {
    return await scanVersions(client, access.bucket, pagesInFlight, maxPages);
  } finally {
    client.destroy();
  }
}

/** Versions a second. */
const pace = (each: Scan): number => (each.versions / each.milliseconds) * 1_000;
const pagesOf = (each: Scan): string => ((each.requests / each.milliseconds) * 1_000).toFixed(1);
const describe = (each: Scan): string =>
  `${each.versions} versions by ${each.requests} requests in ${(each.milliseconds / 1_000).toFixed(1)} s`;

function toResult(figures: readonly Figure[]): BenchmarkResult {
  return {
    method:
      `A simulated endpoint with ${versions.toLocaleString('en')} versions and ${latencyMs} ms a page, in a process of its own; ` +
      `every version is listed and parsed. In parallel the whole bucket, with no knowledge of its keys; serially its first ` +
      `${serialPages} pages, for each page takes the same time. Compared by versions a second.`,
    figures,
  };
}

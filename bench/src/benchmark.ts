export interface Benchmark {
  /** What `npm run bench -- NAME` picks it by. */
  readonly name: string;
  readonly title: string;
  run(report: (line: string) => void): Promise<BenchmarkResult>;
}

export interface BenchmarkResult {
  /** What was measured and how, in a sentence or two. */
  readonly method: string;
  readonly figures: readonly Figure[];
}

export interface Figure {
  readonly name: string;
  readonly measured: string;
  /** Empty where there is none. */
  readonly goal: string;
  readonly met: boolean;
}

export interface Run {
  readonly command: string;
  readonly machine: string;
  /** ISO 8601. */
  readonly at: string;
}

/** A section of RESULTS.md, and what is printed. */
export function toMarkdown(title: string, result: BenchmarkResult, run: Run): string {
  const rows = result.figures.map(({ name, measured, goal, met }) => {
    return `| ${name} | ${measured} | ${goal === '' ? '' : `${goal}, ${met ? 'met' : '**missed**'}`} |`;
  });
  return [
    `## ${title}`,
    '',
    result.method,
    '',
    '| Figure | Measured | Goal |',
    '|---|---|---|',
    ...rows,
    '',
    `\`${run.command}\`, ${run.at.slice(0, 10)}, on ${run.machine}.`,
  ].join('\n');
}

import type { Difference } from './compare-listings.js';
import type { Comparison, SideResult } from './compare-sides.js';

export type Verdict = 'equal' | 'different' | 'not compared';

export const exitCodes = { equal: 0, different: 1, 'not compared': 2 } as const satisfies Record<Verdict, number>;

/** Two empty listings are no proof of anything, unless the caller says that he expects them. */
export function judge(comparison: Comparison, allowEmpty: boolean): Verdict {
  if (comparison.counts.size > 0) return 'different';
  return isEmpty(comparison.a) && isEmpty(comparison.b) && !allowEmpty ? 'not compared' : 'equal';
}

/** The lines for a person: the first differences, their counts by kind, what each side holds, the verdict. */
export function reportLines(comparison: Comparison, verdict: Verdict, names: { a: string; b: string }): string[] {
  return [
    ...comparison.samples.map(differenceLine),
    ...countLines(comparison),
    sideLine('A', names.a, comparison.a),
    sideLine('B', names.b, comparison.b),
    ...notes(comparison),
    verdictLine(comparison, verdict),
  ];
}

function differenceLine({ kind, key, versionId, a, b }: Difference): string {
  const sides = kind === 'only in A' ? a : kind === 'only in B' ? b : `A ${a}, B ${b}`;
  return `${kind.padEnd(12)} ${JSON.stringify(key)} ${versionId}  ${sides}`;
}

function countLines({ counts, samples }: Comparison): string[] {
  if (counts.size === 0) return [];
  const total = sum(counts.values());
  const byKind = [...counts].map(([kind, count]) => `${kind}: ${figure(count)}`).join(', ');
  const more = total > samples.length ? [`… and ${figure(total - samples.length)} more`] : [];
  return [...more, `differences  ${byKind}`];
}

function sideLine(letter: string, name: string, { tally }: SideResult): string {
  const { keys, versions, deleteMarkers, bytes } = tally;
  const contents = `${figure(versions)} versions, ${figure(deleteMarkers)} delete markers of ${figure(keys)} keys`;
  return `${letter}            ${contents}, ${figure(bytes)} bytes  ${name}`;
}

function notes({ a, b, wholeSeconds, deeply }: Comparison): string[] {
  const lines: string[] = [];
  if (deeply !== null) lines.push(`deep         ${figure(deeply)} versions were read on both sides`);
  if (wholeSeconds) lines.push('note         one side lists whole seconds only: times were compared to the second');
  for (const [letter, side] of [['A', a] as const, ['B', b] as const]) {
    const { outOfOrder, markersApart, tally } = side;
    if (markersApart)
      lines.push(`note         ${letter} lists delete markers apart: their order among versions was not compared`);
    if (outOfOrder !== null) lines.push(`note         ${letter} is not in key order, so it was sorted: ${outOfOrder}`);
    if (tally.repeated > 0)
      lines.push(`note         ${letter} listed ${figure(tally.repeated)} entries more than once`);
  }
  return lines;
}

function verdictLine({ a, counts }: Comparison, verdict: Verdict): string {
  switch (verdict) {
    case 'equal':
      return `equal        no difference in ${figure(a.tally.versions + a.tally.deleteMarkers)} entries`;
    case 'different':
      return `different    ${figure(sum(counts.values()))} differences`;
    case 'not compared':
      return 'not compared both sides are empty; --allow-empty takes that for equal';
    default:
      return verdict satisfies never;
  }
}

const isEmpty = ({ tally }: SideResult): boolean => tally.keys === 0;
const figure = (count: number): string => count.toLocaleString('en');
const sum = (counts: Iterable<number>): number => [...counts].reduce((total, count) => total + count, 0);

import { RangeSplitter } from '@mirror/connector';
import { seededRandom } from '@mirror/testing';
import { describe, expect, it } from 'vitest';
import { TARGET_VERSIONS } from './range-versions.js';
import { creditOf, FIRST_CREDIT, SPLIT_COST } from './split-credit.js';

interface OpenRange {
  readonly after: string;
  end: string | null;
  /** Null: nobody has listed it to its end. */
  count: number | null;
}

const PAGE = 1_000;
const CUT = TARGET_VERSIONS;

/**
 * Lists all keys as a first snapshot does, round by round: in each, up to `workers` ranges are asked for one page each, at the
 * same time. What a round shows is known in the next one.
 */
class Simulation {
  private readonly splitter = new RangeSplitter();
  private readonly ranges = new Map<string, OpenRange>();
  private readonly queue: OpenRange[] = [];
  private credit = FIRST_CREDIT;
  readonly listed: string[][] = [];
  requests = 0;
  rounds = 0;

  constructor(
    private readonly keys: readonly string[],
    private readonly workers: number,
  ) {
    this.add({ after: '', end: null, count: null });
  }

  run(): this {
    while (this.queue.length > 0) {
      this.rounds += 1;
      for (const range of this.queue.splice(0, this.workers)) this.visit(range);
    }
    return this;
  }

  private visit(range: OpenRange): void {
    this.requests += 1;
    const from = this.indexAfter(range.after);
    const to = Math.min(from + PAGE, range.end === null ? this.keys.length : this.indexAfter(range.end));
    const ended = to < from + PAGE;
    const page = this.keys.slice(from, ended ? to : from + CUT);
    range.count = page.length;
    this.listed.push([...page]);
    this.credit += creditOf({ pages: 1, listed: page.length, ended });
    if (!ended) this.share(range, page);
  }

  private share({ end }: OpenRange, page: readonly string[]): void {
    const last = page.at(-1) ?? '';
    for (let index = 0; index < page.length; index += 62) this.splitter.shape.learn(page[index] ?? '');
    const open = [...this.ranges.values()].filter(({ count }) => count === null).length + 1;
    const beyond = end === null ? 'unknown' : beyondOf(this.ranges.get(end));
    const rest = { first: page[0] ?? '', last, listed: page.length, end, beyond } as const;
    this.splitter.note(rest);
    const splits = this.splitter.split(rest, Math.min(this.workers - open, Math.floor(this.credit / SPLIT_COST)));
    this.credit -= SPLIT_COST * splits.length;
    const starts = [last, ...splits];
    starts.forEach((after, index) => {
      this.add({ after, end: starts[index + 1] ?? end, count: null });
    });
  }

  private add(range: OpenRange): void {
    this.ranges.set(range.after, range);
    this.queue.push(range);
  }

  private indexAfter(key: string): number {
    let low = 0;
    let high = this.keys.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((this.keys[middle] ?? '') <= key) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}

const beyondOf = (next: OpenRange | undefined) =>
  next === undefined || next.count === null ? 'unknown' : next.count > 0 ? 'keys' : 'none';

const VERSIONS = 300_000;
const random = seededRandom(11);
const hex = (length: number): string => Array.from({ length }, () => Math.floor(random() * 16).toString(16)).join('');
const pick = (words: readonly string[]): string => words[Math.floor(words.length * random() ** 2)] ?? '';
const words = ['alpha', 'backup', 'docs', 'gamma', 'images', 'lib', 'main', 'raw', 'src', 'test', 'users', 'video'];
const day = (): string => new Date(Date.UTC(2023, 0, 1) + random() * 8e10).toISOString();

const families: Readonly<Record<string, (index: number) => string>> = {
  hashed: () => hex(16),
  'hashed, in folders': () => `${hex(2)}/${hex(2)}/${hex(12)}`,
  'of UUIDs under a prefix': () => `tenant/objects/${hex(8)}-${hex(4)}-4${hex(3)}-${hex(12)}`,
  'by date': () => `${day().slice(0, 13).replaceAll(/[-T]/g, '/')}/${hex(8)}.json`,
  'by time, without folders': () => `logs/app/${day().slice(0, 19)}Z-${hex(6)}.log`,
  sequential: (index) => `obj-${String(index).padStart(12, '0')}`,
  'numbered without zeros': (index) => `img_${index}.jpg`,
  'deeply nested': (index) => `${Array.from({ length: 6 }, () => pick(words)).join('/')}/file-${index}`,
  'nearly all in one folder': (index) => (index % 20 === 0 ? `${hex(2)}/${hex(8)}` : `m/hot/${hex(12)}`),
};

describe.each(Object.entries(families))('a first snapshot of keys %s', (_name, keyOf) => {
  const keys = [...new Set(Array.from({ length: VERSIONS }, (_, index) => keyOf(index)))].sort();
  const serial = Math.ceil(keys.length / PAGE);

  it('lists each key once, in few more requests and far fewer rounds than page by page', () => {
    const { listed, requests, rounds } = new Simulation(keys, 16).run();
    expect(listed.flat().sort()).toEqual(keys);
    expect(requests / serial).toBeLessThanOrEqual(1.25);
    expect(rounds / serial).toBeLessThanOrEqual(0.25);
  });

  it('with one worker costs next to nothing more', () => {
    const { requests } = new Simulation(keys, 1).run();
    expect(requests / serial).toBeLessThanOrEqual(1.03);
  });
});

import { RangeSplitter } from '@mirror/connector';
import { type KeyFamily, keyFamilies, keysOf, seededRandom } from '@mirror/testing';
import { describe, expect, it } from 'vitest';
import { chooseDue } from '../choose-due.js';
import { TARGET_VERSIONS } from './range-versions.js';
import { creditOf, FIRST_CREDIT, SPLIT_COST } from './split-credit.js';

interface OpenRange {
  readonly after: string;
  end: string | null;
  /** Nobody has listed it to its end. */
  open: boolean;
  leased: boolean;
  count: number;
}

interface Poller {
  /** What one process has learned no other knows. */
  readonly splitter: RangeSplitter;
  visits: number;
}

interface Pollers {
  readonly pollers: number;
  readonly visitsAtOnce: number;
}

const PAGE = 1_000;
const CUT = TARGET_VERSIONS;
/** In latencies of a page, slower than they are: until a listed range is cut, until its visit has ended, between two looks. */
const cutTakes = 0.08;
const endTakes = 0.2;
const lookEvery = 0.08;

/**
 * Lists all keys as a first snapshot does: pollers claim by chance what is open, each splits by what it has listed itself, and
 * what a visit has earned is paid when it ends. The seed decides who draws what, and how long everything takes.
 */
class Simulation {
  private readonly ranges = new Map<string, OpenRange>();
  private readonly events: { readonly at: number; readonly happen: () => void }[] = [];
  private readonly random: () => number;
  private credit = FIRST_CREDIT;
  private now = 0;
  private listedAt = 0;
  readonly listed: string[][] = [];
  requests = 0;

  constructor(
    private readonly keys: readonly string[],
    private readonly pollers: Pollers,
    seed: number,
  ) {
    this.random = seededRandom(seed);
    this.add('', null);
  }

  /** Gives back how many latencies of a page it took. */
  run(): number {
    for (let poller = 0; poller < this.pollers.pollers; poller += 1)
      this.lookAgain({ splitter: new RangeSplitter(), visits: 0 });
    while (this.open().length > 0) {
      const next = this.events.reduce((first, event) => (event.at < first.at ? event : first));
      this.events.splice(this.events.indexOf(next), 1);
      this.now = next.at;
      next.happen();
    }
    return this.listedAt;
  }

  private after(about: number, happen: () => void): void {
    this.events.push({ at: this.now + about * (0.5 + this.random()), happen });
  }

  private lookAgain(poller: Poller): void {
    this.look(poller);
    this.after(lookEvery, () => this.lookAgain(poller));
  }

  private look(poller: Poller): void {
    const due = this.open().flatMap((range) => (range.leased ? [] : { segment: range, applied: true }));
    const free = this.pollers.visitsAtOnce - poller.visits;
    for (const { segment } of chooseDue(due, free, this.random)) this.visit(poller, segment);
  }

  private visit(poller: Poller, range: OpenRange): void {
    range.leased = true;
    poller.visits += 1;
    this.requests += 1;
    this.events.push({ at: this.now + 1, happen: () => this.answer(poller, range) });
  }

  private answer(poller: Poller, range: OpenRange): void {
    this.listedAt = this.now;
    const from = this.indexAfter(range.after);
    const to = range.end === null ? this.keys.length : this.indexAfter(range.end);
    const ended = to < from + PAGE;
    const page = this.keys.slice(from, ended ? to : from + CUT);
    this.listed.push([...page]);
    const end = () => this.endVisit(poller, range, page.length, ended);
    this.after(ended ? endTakes : cutTakes, () => {
      if (ended) return end();
      this.cut(poller, range, page);
      this.look(poller);
      this.after(endTakes, end);
    });
  }

  private endVisit(poller: Poller, range: OpenRange, listed: number, ended: boolean): void {
    range.open = false;
    range.count = listed;
    this.credit += creditOf({ pages: 1, listed, ended });
    poller.visits -= 1;
    this.look(poller);
  }

  private cut({ splitter }: Poller, range: OpenRange, page: readonly string[]): void {
    const { end } = range;
    const last = page.at(-1) ?? '';
    for (let index = 0; index < page.length; index += 62) splitter.shape.learn(page[index] ?? '');
    splitter.shape.learn(last);
    const beyond = end === null ? 'unknown' : beyondOf(this.ranges.get(end));
    const rest = { first: page[0] ?? '', last, listed: page.length, end, beyond } as const;
    splitter.note(rest);
    const free = this.pollers.pollers * this.pollers.visitsAtOnce - this.open().length;
    const splits = splitter.split(rest, Math.min(free, Math.floor(this.credit / SPLIT_COST)));
    this.credit -= SPLIT_COST * splits.length;
    const starts = [last, ...splits];
    starts.forEach((after, index) => {
      this.add(after, starts[index + 1] ?? end);
    });
    range.end = last;
  }

  private add(after: string, end: string | null): void {
    this.ranges.set(after, { after, end, open: true, leased: false, count: 0 });
  }

  private open(): OpenRange[] {
    return [...this.ranges.values()].filter(({ open }) => open);
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
  next === undefined || next.open ? 'unknown' : next.count > 0 ? 'keys' : 'none';

const VERSIONS = 400_000;
const four: Pollers = { pollers: 4, visitsAtOnce: 4 };
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

const seedsTo = (count: number): number[] => Array.from({ length: count }, (_, index) => index + 1);

describe.each(Object.entries(families))('a first snapshot of keys %s', (_name, keyOf) => {
  const keys = [...new Set(Array.from({ length: VERSIONS }, (_, index) => keyOf(index)))].sort();
  const serial = Math.ceil(keys.length / PAGE);

  it.each(seedsTo(3))(
    'lists each key once, in few more requests and far fewer rounds than page by page, seed %i',
    (seed) => {
      const simulation = new Simulation(keys, four, seed);
      expect(simulation.run() / serial).toBeLessThanOrEqual(0.15);
      expect(simulation.requests / serial).toBeLessThanOrEqual(1.25);
      expect(simulation.listed.flat().sort()).toEqual(keys);
    },
  );

  it('with one worker costs next to nothing more', () => {
    const simulation = new Simulation(keys, { pollers: 1, visitsAtOnce: 1 }, 1);
    simulation.run();
    expect(simulation.requests / serial).toBeLessThanOrEqual(1.03);
  });
});

const seedsOf: Readonly<Record<KeyFamily, number>> = { hashed: 3, dated: 3, sequential: 3, nested: 16 };

describe.each(keyFamilies)('a first snapshot of simulated keys, %s', (family) => {
  it.each(seedsTo(seedsOf[family]))('takes few requests and rounds whoever draws what, seed %i', (seed) => {
    const keyAt = keysOf(family, VERSIONS, seed);
    const keys = Array.from({ length: VERSIONS }, (_, index) => keyAt(index));
    const simulation = new Simulation(keys, four, seed);
    expect(simulation.run() / (VERSIONS / PAGE)).toBeLessThanOrEqual(0.15);
    expect(simulation.requests / (VERSIONS / PAGE)).toBeLessThanOrEqual(1.25);
  });
});

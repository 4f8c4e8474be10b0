import type { S3Client } from '@aws-sdk/client-s3';
import { compareKeyBytes, listVersionsPage, type OpenRest, RangeSplitter } from '@mirror/connector';

/** What a scan has cost. */
export interface Scan {
  versions: number;
  requests: number;
  milliseconds: number;
}

interface Range {
  readonly after: string;
  end: string | null;
  /** Null: not listed to its end. */
  versions: number | null;
}

const SAMPLED_EVERY = 62;

/**
 * Lists and parses every version of a bucket, `inFlight` pages at a time, by the very splits that the poller's first snapshot
 * makes; ranges live in memory. One in flight lists page after page. Ends after `maxPages`, where given.
 */
export async function scanVersions(
  client: S3Client,
  bucket: string,
  inFlight: number,
  maxPages = Infinity,
): Promise<Scan> {
  const scan: Scan = { versions: 0, requests: 0, milliseconds: 0 };
  const ranges = new OpenRanges(inFlight);
  const begin = performance.now();
  const work = async (): Promise<void> => {
    for (let range = await ranges.take(); range && scan.requests < maxPages; range = await ranges.take()) {
      scan.requests += 1;
      const listed = await listOne(client, bucket, range, ranges); // not inside `+=`, which reads before it waits
      scan.versions += listed;
    }
    ranges.giveUp();
  };
  await Promise.all(Array.from({ length: inFlight }, work));
  scan.milliseconds = performance.now() - begin;
  return scan;
}

async function listOne(client: S3Client, bucket: string, range: Range, ranges: OpenRanges): Promise<number> {
  const { after, end } = range;
  const raw = await listVersionsPage(client, bucket, { ...(after !== '' && { keyMarker: after }), maxKeys: 1_000 });
  const page = raw.parse();
  const last = page.versions.at(-1)?.key;
  const isEnded = !page.isTruncated || last === undefined || (end !== null && compareKeyBytes(last, end) > 0);
  // The last key may have more versions: it begins the next page.
  const isInside = (key: string) => (isEnded ? end === null || compareKeyBytes(key, end) <= 0 : key !== last);
  const listed = page.versions.filter(({ key }) => isInside(key));
  ranges.listed(
    range,
    listed.map(({ key }) => key),
    isEnded,
  );
  return listed.length;
}

/** Ranges that nobody has listed to their end. */
class OpenRanges {
  private readonly splitter = new RangeSplitter();
  private readonly byStart = new Map<string, Range>();
  private readonly queue: Range[] = [];
  private readonly waiting: ((range: Range | undefined) => void)[] = [];
  private open = 0;

  constructor(private readonly wanted: number) {
    this.add({ after: '', end: null, versions: null });
  }

  /** Undefined: all is listed. */
  take(): Promise<Range | undefined> | Range | undefined {
    const next = this.queue.shift();
    if (next || this.open === 0) return next;
    return new Promise((resolve) => this.waiting.push(resolve));
  }

  listed(range: Range, keys: readonly string[], isEnded: boolean): void {
    range.versions = keys.length;
    this.open -= 1;
    if (!isEnded) this.addRest(range, keys);
    if (this.open === 0) this.giveUp();
  }

  giveUp(): void {
    for (const resolve of this.waiting.splice(0)) resolve(undefined);
  }

  private addRest({ end }: Range, keys: readonly string[]): void {
    const { splitter } = this;
    for (let index = 0; index < keys.length; index += SAMPLED_EVERY) splitter.shape.learn(keys[index] ?? '');
    const last = keys.at(-1) ?? '';
    const rest: OpenRest = { first: keys[0] ?? '', last, listed: keys.length, end, beyond: this.beyond(end) };
    splitter.note(rest);
    const starts = [last, ...splitter.split(rest, this.wanted - this.open - 1)];
    starts.forEach((after, index) => {
      this.add({ after, end: starts[index + 1] ?? end, versions: null });
    });
  }

  private beyond(end: string | null): OpenRest['beyond'] {
    const next = end === null ? undefined : this.byStart.get(end);
    if (!next || next.versions === null) return 'unknown';
    return next.versions > 0 ? 'keys' : 'none';
  }

  private add(range: Range): void {
    this.open += 1;
    this.byStart.set(range.after, range);
    const waiting = this.waiting.shift();
    if (waiting) waiting(range);
    else this.queue.push(range);
  }
}

/** What a plan needs to know of a segment. */
export interface PlannedSegment {
  readonly after: string;
  readonly count: number;
  /** Versions that it was filled with when it was cut: its keys let it be no fuller. Null: it could take as many as any. */
  readonly filled: number | null;
  /** Confirmed, and nothing that it said waits: what a listing hides for a while has not gone. */
  readonly settled: boolean;
}

export interface MergeLimits {
  /** Versions that a segment is filled to. */
  readonly target: number;
  /** Most segments that are joined at once. */
  readonly longestRun: number;
}

/**
 * Runs of neighbouring segments with so much room that one segment fewer could hold them: the shortest such runs, none
 * overlapping, in order. A joined run is listed as one range, which is cut again into full segments, so that a pass over all
 * keys stays near one request a page however keys come and go: what is left between the runs has less room than one segment
 * in any `longestRun` of them. A run comes to an end: what was cut as full as its keys let it be has no room until some go.
 * `segments` are in key order, without gaps.
 */
export async function* planMerges(
  segments: AsyncIterable<PlannedSegment>,
  { target, longestRun }: MergeLimits,
): AsyncGenerator<readonly string[]> {
  let run: PlannedSegment[] = [];
  let room = 0;
  for await (const segment of segments) {
    if (!segment.settled || segment.count > LARGEST_JOINED) {
      run = [];
      room = 0;
      continue;
    }
    run.push(segment);
    room += roomIn(segment, target);
    while (run[0] && (run.length > longestRun || (run.length > 2 && room - roomIn(run[0], target) >= target))) {
      room -= roomIn(run[0], target);
      run.shift();
    }
    if (room < target || run.length < 2) continue;
    yield run.map(({ after }) => after);
    run = [];
    room = 0;
  }
}

/** A segment of more than a page is a key of many versions: there is nothing to be gained by joining over it. */
const LARGEST_JOINED = 1_000;

/** Negative where it holds more than it should: what is joined with it would have to make up for that. */
const roomIn = ({ count, filled }: PlannedSegment, target: number): number =>
  Math.min(filled ?? target, target) - count;

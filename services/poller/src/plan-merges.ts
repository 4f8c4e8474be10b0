/** What a plan needs to know of a segment. */
export interface PlannedSegment {
  readonly after: string;
  readonly count: number;
  /** Confirmed, and nothing that it said waits: what a listing hides for a while has not gone. */
  readonly settled: boolean;
  /** As full as it gets for now, whatever it holds. */
  readonly kept: boolean;
}

export interface MergeLimits {
  /** Versions that a segment is filled to. */
  readonly target: number;
  /** Most segments that are joined at once. */
  readonly longestRun: number;
}

/**
 * Runs of neighbouring segments that hold so little that one segment fewer could hold it: the shortest such runs, none
 * overlapping, in order. A joined run is listed as one range, which is cut again into full segments, so that a pass over all
 * keys stays near one request a page however keys come and go. `segments` are in key order, without gaps.
 */
export async function* planMerges(
  segments: AsyncIterable<PlannedSegment>,
  { target, longestRun }: MergeLimits,
): AsyncGenerator<readonly string[]> {
  let run: PlannedSegment[] = [];
  let room = 0;
  for await (const segment of segments) {
    if (!segment.settled) {
      run = [];
      room = 0;
      continue;
    }
    run.push(segment);
    room += roomIn(segment, target);
    while (run[0] && (run.length > longestRun || room - roomIn(run[0], target) >= target)) {
      room -= roomIn(run[0], target);
      run.shift();
    }
    if (room < target) continue;
    yield run.map(({ after }) => after);
    run = [];
    room = 0;
  }
}

const roomIn = ({ count, kept }: PlannedSegment, target: number): number => (kept ? 0 : target - count);

interface Visit {
  readonly at: number;
  readonly index: number;
}

/** Visits by the time at which they are due, the earliest first: a binary heap. */
export class VisitQueue {
  private readonly heap: Visit[] = [];

  push(at: number, index: number): void {
    const { heap } = this;
    const added: Visit = { at, index };
    let hole = heap.length;
    heap.push(added);
    for (let parent = (hole - 1) >> 1; hole > 0; parent = (hole - 1) >> 1) {
      const above = heap[parent];
      if (!above || above.at <= at) break;
      heap[hole] = above;
      hole = parent;
    }
    heap[hole] = added;
  }

  pop(): Visit | undefined {
    const first = this.heap[0];
    const last = this.heap.pop();
    if (last !== undefined && this.heap.length > 0) this.sink(last);
    return first;
  }

  private sink(visit: Visit): void {
    const { heap } = this;
    let hole = 0;
    for (;;) {
      const left = heap[2 * hole + 1];
      const right = heap[2 * hole + 2];
      const smaller = left && right && right.at < left.at ? right : left;
      if (!smaller || smaller.at >= visit.at) break;
      heap[hole] = smaller;
      hole = 2 * hole + (smaller === right ? 2 : 1);
    }
    heap[hole] = visit;
  }
}

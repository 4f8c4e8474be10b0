/** A key that a hint named. */
export interface HintedKey {
  readonly k: string;
  /** What no listing shows is to be read anew, too. */
  readonly d: boolean;
  /** When the last hint came, by the database's time. */
  readonly at: Date;
}

/** What decides when a segment is looked at next; all of it the poller's, and missing until it is known. */
export interface SegmentAttention {
  /** Changes that its visits found, and over how many seconds; both fade. */
  readonly activity?: { readonly changes: number; readonly seconds: number } | null;
  /** Its rate of change a request, on a logarithmic scale. */
  readonly heat?: number | null;
  /** When the last hint came that no visit has followed yet; null: none waits. */
  readonly hintedAt?: Date | null;
  /** The keys that were hinted; null: too many to name, all of it is to be listed. */
  readonly hintedKeys?: readonly HintedKey[] | null;
  /** No description in it is older than this. */
  readonly describedSince?: Date | null;
  /** Lease of the sweep that reads its descriptions anew. */
  readonly sweptUntil?: Date | null;
}

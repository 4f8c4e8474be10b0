/** Wakes a loop that waits: something may have come up. Stirred while nobody waits, the next wait ends at once. */
export class Stir {
  private wake: (() => void) | undefined;
  private isStirred = false;

  now(): void {
    this.isStirred = true;
    this.wake?.();
  }

  /** Resolves when stirred, after `ms`, or when the signal is aborted. */
  async wait(ms: number, signal: AbortSignal): Promise<void> {
    if (!this.isStirred && !signal.aborted) {
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, ms);
        this.wake = () => {
          clearTimeout(timer);
          resolve();
        };
        signal.addEventListener('abort', this.wake, { once: true });
      });
      if (this.wake) signal.removeEventListener('abort', this.wake);
      this.wake = undefined;
    }
    this.isStirred = false;
  }
}

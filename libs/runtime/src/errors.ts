export interface ErrorDetails {
  /** Stable, for programs: 'S3.NO_SUCH_BUCKET'. */
  readonly code: string;
  /** What the operator can do about it. */
  readonly hint?: string;
  readonly cause?: unknown;
  /** For the log; never a secret. */
  readonly context?: Readonly<Record<string, unknown>>;
}

abstract class CodedError extends Error {
  readonly code: string;
  readonly hint: string;
  readonly context: Readonly<Record<string, unknown>>;

  constructor(message: string, details: ErrorDetails) {
    super(message, { cause: details.cause });
    this.name = new.target.name;
    this.code = details.code;
    this.hint = details.hint ?? '';
    this.context = details.context ?? {};
  }
}

/** It may work later: try again, after `retryAfterMs` where the other side said when. */
export class TransientError extends CodedError {
  readonly retryAfterMs: number | undefined;

  constructor(message: string, details: ErrorDetails & { readonly retryAfterMs?: number }) {
    super(message, details);
    this.retryAfterMs = details.retryAfterMs;
  }
}

/** It will never work as it is: set it aside with its reason and go on. */
export class PermanentError extends CodedError {}

/** Nothing can go on: stop the process. */
export class FatalError extends CodedError {}

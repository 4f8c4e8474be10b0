import { entries } from './error-table.js';
import { translateS3Error } from './translate-error.js';

/** In the order in which they build on each other. */
const checkNames = [
  'endpoint',
  'tls',
  'clock',
  'credentials',
  'bucket',
  'versioning',
  'list',
  'read',
  'write',
  'behaviour',
] as const;

export type CheckName = (typeof checkNames)[number];

/** One prerequisite of a location. */
export interface Check {
  readonly name: CheckName;
  /** Null when it was not tried, because an earlier one failed. */
  readonly ok: boolean | null;
  /** Stable, of the error table; null unless it failed. */
  readonly code: string | null;
  readonly detail: string;
  /** How to mend it; empty unless it failed. */
  readonly hint: string;
}

/** Collects what the checks found, each under its name. The last word on a name counts. */
export class CheckReport {
  readonly #byName = new Map<CheckName, Check>();

  constructor(private readonly alternative: string | undefined) {}

  pass(name: CheckName, detail: string): void {
    this.#byName.set(name, { name, ok: true, code: null, detail, hint: '' });
  }

  /** `hint` instead of the error's own, where the check knows better. */
  fail(name: CheckName, error: unknown, hint?: string): void {
    const translated = translateS3Error(error);
    // Only our own deadline ends a request here.
    const isLate = translated.code === entries.aborted.code;
    const { code } = isLate ? entries.timeout : translated;
    const detail = isLate ? 'The endpoint did not answer in time' : translated.message;
    const words = hint ?? (isLate ? entries.timeout.hint : translated.hint);
    this.#byName.set(name, { name, ok: false, code, detail, hint: this.#withAlternative(name, words) });
  }

  /** Runs a check; it passes with `detail`, or with the text it answers. Answers undefined when it failed. */
  async run<T>(name: CheckName, detail: string | undefined, check: () => Promise<T>): Promise<T | undefined> {
    try {
      const result = await check();
      this.pass(name, detail ?? String(result));
      return result;
    } catch (error) {
      this.fail(name, error);
      return undefined;
    }
  }

  checks(): Check[] {
    return checkNames.map((name) => this.#byName.get(name) ?? notTried(name));
  }

  #withAlternative(name: CheckName, hint: string): string {
    const isAboutScheme = this.alternative !== undefined && (name === 'endpoint' || name === 'tls');
    return isAboutScheme ? `${hint} If the endpoint is meant in plain HTTP, write ${this.alternative}.` : hint;
  }
}

function notTried(name: CheckName): Check {
  return { name, ok: null, code: null, detail: 'Not tried, because an earlier check failed.', hint: '' };
}

import {
  type CompletedEndpoint,
  checkPrerequisites,
  completeEndpoint,
  type EndpointBehaviour,
  type EndpointGuard,
} from '@mirror/connector';
import { PermanentError } from '@mirror/runtime';
import { type Check, Refusal } from '../http/problem.js';

/** Where a location's objects are, and by whose right. */
export interface Target {
  /** As an operator wrote it, or completed: with its scheme. */
  readonly endpoint: string;
  readonly bucketName: string;
  readonly region: string;
  readonly accessKey: string;
  readonly secretKey: string;
}

export interface Findings {
  /** Completed: with its scheme. */
  readonly endpoint: string;
  readonly checks: readonly Check[];
  /** Null: it could not be learned. */
  readonly behaviour: EndpointBehaviour | null;
  readonly checkedAt: Date;
}

/** Less than the 15 s in which a check of an endpoint answers, whatever the endpoint does. */
const DEADLINE_MS = 14_000;

/** How long checks in flight may go on once the service stops: they tidy up behind themselves. */
const STOP_GRACE_MS = 4_000;

/** Tries the prerequisites of a location on its real endpoint. */
export class EndpointProbe {
  readonly #stopping = new AbortController();

  constructor(private readonly guard: EndpointGuard) {}

  /** Does not wait. Whoever still waits for a check a little later gets Refusal CONFIG.STOPPING. */
  stop(): void {
    setTimeout(() => this.#stopping.abort(), STOP_GRACE_MS).unref();
  }

  /** Refusal REQUEST.INVALID_FIELD when the endpoint cannot be one. */
  async run({ endpoint, bucketName, region, accessKey, secretKey }: Target): Promise<Findings> {
    const { url, alternative } = completed(endpoint);
    const target = { endpoint: url, region, bucket: bucketName, accessKeyId: accessKey, secretAccessKey: secretKey };
    const checking = checkPrerequisites(target, { guard: this.guard, deadlineMs: DEADLINE_MS, alternative });
    const { checks, behaviour = null } = await unlessAborted(checking, this.#stopping.signal);
    return { endpoint: url, checks, behaviour, checkedAt: new Date() };
  }

  /** Refusal LOCATION.PREREQUISITES with every one that failed. */
  async require(target: Target): Promise<Findings> {
    const findings = await this.run(target);
    const failed = findings.checks.filter(({ ok }) => ok === false);
    if (failed.length === 0) return findings;
    const detail = failed.map((check) => `${check.name}: ${check.detail}`).join('; ');
    const hint = failed.map((check) => check.hint).join(' ');
    throw new Refusal('LOCATION.PREREQUISITES', detail, hint, { checks: failed });
  }
}

async function unlessAborted<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  const { promise: aborted, reject } = Promise.withResolvers<never>();
  const abort = () => reject(new Refusal('CONFIG.STOPPING', 'The service is going down.', 'Try again in a moment.'));
  signal.addEventListener('abort', abort, { once: true });
  try {
    return await Promise.race([work, aborted]);
  } finally {
    signal.removeEventListener('abort', abort);
  }
}

function completed(endpoint: string): CompletedEndpoint {
  try {
    return completeEndpoint(endpoint);
  } catch (error) {
    if (!(error instanceof PermanentError)) throw error;
    const fault = { field: 'details.endpoint', detail: error.message, hint: error.hint };
    throw new Refusal('REQUEST.INVALID_FIELD', `details.endpoint: ${error.message}`, error.hint, { errors: [fault] });
  }
}

import { randomUUID } from 'node:crypto';
import type { S3Client } from '@aws-sdk/client-s3';
import { type ConnectorTarget, createConnectorClient } from './client.js';
import type { EndpointGuard } from './endpoint-guard.js';
import { entries } from './error-table.js';
import { type FirstContact, firstContact } from './first-contact.js';
import { listVersionsPage } from './list-versions-page.js';
import { type Check, type CheckName, CheckReport } from './prerequisite-report.js';
import { type EndpointBehaviour, probeEndpoint } from './probe-endpoint.js';
import { greetWithTls, reachEndpoint } from './reach-endpoint.js';
import { errorOf } from './translate-error.js';
import { tryMarkers } from './try-markers.js';
import { tryReading } from './try-reading.js';
import { tryWriting } from './try-writing.js';
import type { VersionPage } from './version-page.js';

export interface CheckOptions {
  readonly guard: EndpointGuard;
  /** This machine's clock. */
  readonly now?: () => Date;
  /** After this long there is an answer, whatever the endpoint does; 15 s when not given. */
  readonly deadlineMs?: number;
  /** What the endpoint may have meant instead (see completeEndpoint); proposed when it can't be reached as it is. */
  readonly alternative?: string;
}

export interface Findings {
  readonly checks: Check[];
  /** How the endpoint lists; undefined when it could not be learned in the time there was. */
  readonly behaviour: EndpointBehaviour | undefined;
}

/**
 * Tries everything that a location needs, one by one, against the real endpoint, and leaves nothing there: each check
 * with a code and a hint where it fails. What an earlier failure makes pointless has `ok: null`. `target.endpoint` is a
 * completed URL; for anything else this throws, and for nothing else.
 */
export async function checkPrerequisites(target: ConnectorTarget, options: CheckOptions): Promise<Findings> {
  const { deadlineMs = 15_000, now = () => new Date() } = options;
  const report = new CheckReport(options.alternative);
  // What is left of the deadline is for ending what was begun: an upload that must be aborted.
  const signal = AbortSignal.timeout(deadlineMs * 0.8);
  const cleanUp = AbortSignal.timeout(deadlineMs * 0.95);
  const client = createConnectorClient(target, {
    guard: options.guard,
    requestTimeoutMs: Math.min(longestRequestMs, deadlineMs / 2),
    clockOffsetMs: now().getTime() - Date.now(),
  });
  const session: Session = { target, client, guard: options.guard, now, report, signal, cleanUp };
  try {
    const behaviour = await checkInOrder(session);
    return { checks: report.checks(), behaviour };
  } finally {
    client.destroy();
  }
}

const longestRequestMs = 5000;

interface Session {
  readonly target: ConnectorTarget;
  readonly client: S3Client;
  readonly guard: EndpointGuard;
  readonly now: () => Date;
  readonly report: CheckReport;
  readonly signal: AbortSignal;
  readonly cleanUp: AbortSignal;
}

async function checkInOrder(session: Session): Promise<EndpointBehaviour | undefined> {
  const { target, report, client, signal, now } = session;
  if (!(await checkConnection(session))) return undefined;
  const contact = await firstContact(client, target.bucket, signal);
  const blamed = contact.error && (await blame(session, contact.error.code));
  if (contact.error && blamed) {
    passBefore(report, blamed.name);
    report.fail(blamed.name, blamed.error ?? contact.error);
    return undefined;
  }
  passBefore(report, 'versioning');
  compareClocks(report, contact.endpointTime, now());
  reportVersioning(report, contact);
  return checkOperations(session);
}

/** Connects, and greets with TLS where the endpoint is an https one. */
async function checkConnection({ target, guard, report, signal }: Session): Promise<boolean> {
  const endpoint = new URL(target.endpoint);
  const isHttps = endpoint.protocol === 'https:';
  const connecting = connectionSignal(signal);
  const reached = await report.run('endpoint', 'A connection can be made.', () =>
    reachEndpoint(endpoint, guard, connecting),
  );
  if (!reached) return false;
  if (!isHttps) {
    reached.socket.destroy();
    report.pass('tls', 'The endpoint is plain HTTP: what is sent can be read on the way.');
    return true;
  }
  const version = await report.run('tls', 'The certificate is trusted.', () => greetWithTls(reached, connecting));
  reached.socket.destroy();
  return version !== undefined;
}

/** One for connecting and greeting together. */
function connectionSignal(signal: AbortSignal): AbortSignal {
  return AbortSignal.any([signal, AbortSignal.timeout(longestRequestMs)]);
}

interface Blamed {
  readonly name: CheckName;
  /** Instead of the one that was seen, where more is known. */
  readonly error?: Error;
}

/** Which check the first request's failure belongs to; undefined when it is no reason to stop. */
async function blame(session: Session, code: string): Promise<Blamed | undefined> {
  switch (code) {
    case 'S3.CLOCK':
      return { name: 'clock' };
    case 'S3.ACCESS_KEY':
    case 'S3.SIGNATURE':
    case 'S3.REGION':
      return { name: 'credentials' };
    case 'S3.NO_SUCH_BUCKET':
      return { name: 'bucket' };
    case 'S3.ACCESS_DENIED':
      return undefined;
    default:
      return (await speaksTlsInstead(session))
        ? { name: 'tls', error: speaksTls(session.target) }
        : { name: 'endpoint' };
  }
}

/** A port that wants TLS answers plain HTTP in many ways: closing, an alert, a web page. */
async function speaksTlsInstead({ target, guard, signal }: Session): Promise<boolean> {
  const endpoint = new URL(target.endpoint);
  if (endpoint.protocol === 'https:') return false;
  const connecting = connectionSignal(signal);
  try {
    const reached = await reachEndpoint(endpoint, guard, connecting);
    await greetWithTls(reached, connecting, true);
    return true;
  } catch {
    return false;
  }
}

function speaksTls({ endpoint }: ConnectorTarget): Error {
  const hint = `Write ${endpoint.replace('http:', 'https:')} as endpoint.`;
  return errorOf({ ...entries.tlsMismatch, hint }, 'The port speaks TLS, and was spoken to in plain HTTP');
}

const passed: readonly (readonly [CheckName, string])[] = [
  ['clock', 'The clocks agree.'],
  ['credentials', 'The endpoint accepts the keys.'],
  ['bucket', 'The bucket exists.'],
];

/** The first request went through all that comes before what it failed at. */
function passBefore(report: CheckReport, name: CheckName): void {
  if (name === 'endpoint' || name === 'tls') return;
  for (const [earlier, detail] of passed) {
    if (earlier === name) return;
    report.pass(earlier, detail);
  }
}

const mostSkewMs = 5 * 60_000;

/** Not every endpoint refuses a wrong clock, but times are compared later on. */
function compareClocks(report: CheckReport, endpointTime: number | undefined, now: Date): void {
  const skewMs = endpointTime === undefined ? 0 : endpointTime - now.getTime();
  if (Math.abs(skewMs) <= mostSkewMs) return;
  const minutes = Math.round(Math.abs(skewMs) / 60_000);
  const ahead = skewMs > 0 ? 'ahead of' : 'behind';
  report.fail('clock', errorOf(entries.clock, `The endpoint's clock is ${minutes} minutes ${ahead} this machine's`));
}

function reportVersioning(report: CheckReport, { versioning, error }: FirstContact): void {
  if (error) report.fail('versioning', error, 'Give this access key the right s3:GetBucketVersioning on the bucket.');
  else if (versioning === 'Enabled') report.pass('versioning', 'Versioning is enabled.');
  else if (versioning === 'Suspended') report.fail('versioning', suspended);
  else report.fail('versioning', off);
}

const suspended = errorOf(entries.versioningSuspended, 'Versioning is suspended on the bucket');
const off = errorOf(entries.versioningOff, 'Versioning was never enabled on the bucket');

/** Each of them says something of its own, so all are tried. */
async function checkOperations(session: Session): Promise<EndpointBehaviour | undefined> {
  const { client, target, report, signal, cleanUp } = session;
  const key = `.zenko-mirror-check/${randomUUID()}`;
  const listThenRead = async () => {
    const page = await report.run('list', 'Versions can be listed.', () => firstPage(session));
    const sample = page?.versions.find(({ kind }) => kind === 'version');
    const [behaviour] = await Promise.all([
      page && checkBehaviour(session),
      report.run('read', undefined, () => tryReading(client, target.bucket, sample, key, signal)),
    ]);
    return behaviour;
  };
  const write = () =>
    report.run('write', 'Objects can be written.', () => tryWriting(client, target.bucket, key, signal, cleanUp));
  const [behaviour] = await Promise.all([listThenRead(), write()]);
  return behaviour;
}

/** What is lost makes the check fail; how the endpoint is to be listed is learned on the way, and no condition. */
async function checkBehaviour({ client, target, report, signal }: Session): Promise<EndpointBehaviour | undefined> {
  const [, probed] = await Promise.allSettled([
    report.run('behaviour', undefined, () => tryMarkers(client, target.bucket, signal)),
    probeEndpoint(client, target.bucket, signal),
  ]);
  return probed.status === 'fulfilled' ? probed.value : undefined;
}

async function firstPage({ client, target, signal }: Session): Promise<VersionPage> {
  return (await listVersionsPage(client, target.bucket, { maxKeys: 100 }, signal)).parse();
}

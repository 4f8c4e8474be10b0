import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { S3Access } from './system.js';

const tool = fileURLToPath(new URL('../../../tools/compare/dist/main.js', import.meta.url));

export interface CompareOutcome {
  /** 0 equal, 1 different, 2 could not compare. */
  readonly code: number;
  readonly output: string;
}

/** Runs `npm run compare` as a process of its own: the judge shares no code with what it judges. */
export function compare(mirror: S3Access, connector: S3Access, ...flags: string[]): Promise<CompareOutcome> {
  const args = [tool, '--stack', 'none', ...sideFlags('a', mirror), ...sideFlags('b', connector), ...flags];
  const env = {
    ...process.env,
    SECRET_ACCESS_KEY_A: mirror.secretAccessKey,
    SECRET_ACCESS_KEY_B: connector.secretAccessKey,
  };
  return new Promise((resolve) => {
    execFile(process.execPath, args, { env, maxBuffer: 2 ** 26 }, (error, stdout, stderr) => {
      const code = error === null ? 0 : typeof error.code === 'number' ? error.code : 2;
      resolve({ code, output: stdout + stderr });
    });
  });
}

/**
 * Compares again and again until both are equal, with pauses as long as a comparison, so that the judge leaves half of a slow
 * endpoint to the mirror. Fails with what the last comparison printed.
 */
export async function waitUntilEqual(
  mirror: S3Access,
  connector: S3Access,
  timeoutMs: number,
): Promise<CompareOutcome> {
  const deadline = Date.now() + timeoutMs;
  for (;;) {
    const beganAt = Date.now();
    const outcome = await compare(mirror, connector);
    if (outcome.code === 0) return outcome;
    if (Date.now() > deadline) throw new Error(`Not equal within ${timeoutMs} ms:\n${outcome.output}`);
    await new Promise((resolve) => setTimeout(resolve, Date.now() - beganAt));
  }
}

/** As above; then every version is read on both sides, once, and must be the same there. */
export async function waitUntilDeeplyEqual(
  mirror: S3Access,
  connector: S3Access,
  timeoutMs: number,
): Promise<CompareOutcome> {
  await waitUntilEqual(mirror, connector, timeoutMs);
  const outcome = await compare(mirror, connector, '--deep');
  if (outcome.code !== 0) throw new Error(`Listed the same, and not equal:\n${outcome.output}`);
  return outcome;
}

function sideFlags(side: 'a' | 'b', { endpoint, region, bucket, accessKeyId }: S3Access): string[] {
  const values = { endpoint, region, bucket, 'access-key-id': accessKeyId };
  return Object.entries(values).flatMap(([name, value]) => [`--${name}-${side}`, value]);
}

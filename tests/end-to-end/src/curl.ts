import { runClient } from '@mirror/testing';

export interface CurlAnswer {
  readonly status: number;
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer;
}

/** Fetches a URL with curl. */
export async function curl(url: string, ...flags: string[]): Promise<CurlAnswer> {
  const args = ['-sS', '--max-time', '30', '-i', ...flags, url];
  const stdout = await runClient('curl', args);
  const end = stdout.indexOf('\r\n\r\n');
  const [first = '', ...lines] = stdout.subarray(0, end).toString('latin1').split('\r\n');
  const headers = lines.map((line) => [
    line.slice(0, line.indexOf(':')).toLowerCase(),
    line.slice(line.indexOf(':') + 1).trim(),
  ]);
  return { status: Number(first.split(' ')[1]), headers: Object.fromEntries(headers), body: stdout.subarray(end + 4) };
}

/** How a run has its servers. */
export type Way = 'native' | 'containers';

const ways: readonly string[] = ['native', 'containers'] satisfies Way[];

/**
 * The ways to try, in their order: containers where an engine answers, processes of this machine else. A setting, of the
 * variable TEST_SERVERS, is the only way. Throws when it is none.
 */
export function waysToTry(setting: string | undefined, hasEngine: boolean): Way[] {
  if (setting === undefined || setting === '') return hasEngine ? ['containers', 'native'] : ['native'];
  if (ways.includes(setting)) return [setting as Way];
  throw new Error(`TEST_SERVERS is ${ways.join(' or ')}, or not set; not "${setting}"`);
}

/** What the first way that works answers. No way left is a failure, with each one's reason: nothing is skipped. */
export async function firstThatWorks<T>(
  tried: readonly Way[],
  start: Readonly<Record<Way, () => Promise<T>>>,
  report: (line: string) => void,
): Promise<T> {
  const reasons: string[] = [];
  for (const way of tried) {
    try {
      return await start[way]();
    } catch (error) {
      reasons.push(`${way}: ${(error as Error).message}`);
      report(`The servers can't be had this way. ${reasons.at(-1)}`);
    }
  }
  throw new Error(`No servers for the tests.\n${reasons.join('\n')}`);
}

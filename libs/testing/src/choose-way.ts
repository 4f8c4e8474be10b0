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

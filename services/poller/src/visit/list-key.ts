import type { ListedVersion } from '@mirror/connector';
import { isListedApart } from './arrange-versions.js';
import type { ListPage } from './list-range.js';
import { RangeVersions } from './range-versions.js';

/** Versions of one key, and a few of those keys that begin with it. */
const KEY_PAGE_SIZE = 50;

/**
 * All versions of one key, newest first, by one request. Null: that page does not prove that they are all, and the whole range
 * is to be listed: a key of many versions, or an endpoint whose order leaves it open.
 */
export async function listKey(listPage: ListPage, key: string): Promise<readonly ListedVersion[] | null> {
  const page = (await listPage({ prefix: key, maxKeys: KEY_PAGE_SIZE })).parse();
  const isWhole = !page.isTruncated || (page.orderKept && !isListedApart(page) && page.versions.at(-1)?.key !== key);
  if (!isWhole) return null;
  const collected = new RangeVersions({ after: '', end: null, expected: null });
  collected.add(page);
  return collected.upTo(null).filter((version) => version.key === key);
}

import { keyOfMarker, ownMarkerOf } from '@mirror/connector';
import type { PageRequest } from '../connector/page-request.js';

/**
 * Whether an answer that nothing follows is to be believed, of an endpoint that may end early.
 *
 * MinIO reads little more than a page of keys, those among them that come before a marker `a/x` and begin with `a`: behind
 * `a-0`, `a-1` and so on it says of nothing that it follows. A marker at the top, or one that MinIO made, knows no such keys.
 */
export const provesEnd = ({ keyMarker = '', prefix }: PageRequest): boolean =>
  prefix === undefined && (!keyMarker.includes('/') || keyMarker !== keyOfMarker(keyMarker));

/**
 * Another way to ask for what follows: first inside a folder, which costs little and shows most of it; then as if by a marker of
 * MinIO's, which has it list all the rest of the bucket.
 */
export function nextWay(
  { keyMarker = '', maxKeys, prefix }: PageRequest,
  lastKey: string | undefined,
  end: string | null,
): PageRequest {
  const key = lastKey ?? keyOfMarker(keyMarker);
  if (!key.includes('/')) return { keyMarker: key, maxKeys };
  if (prefix !== undefined) return { keyMarker: ownMarkerOf(key), maxKeys };
  return { keyMarker: key, maxKeys, prefix: folderTo(key, end) };
}

/** The deepest folder that holds the key and the range's end; if there is none, the key's folder at the top. */
function folderTo(key: string, end: string | null): string {
  const folders = [...key.matchAll(/\//g)].map(({ index }) => key.slice(0, index + 1));
  return folders.findLast((folder) => end?.startsWith(folder)) ?? folders[0] ?? '';
}

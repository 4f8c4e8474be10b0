import { isOpaqueMarker, keyOfMarker, type VersionPage } from '@mirror/connector';
import { compareKeys } from '@mirror/namespace';
import type { PageRequest } from '../connector/page-request.js';

/**
 * How MinIO is asked, the endpoint whose markers are more than keys. Asked for what follows `a/x`, it reads little more than a page
 * of keys, and counts those that come before the marker and begin with `a`: `a-1`, `a-old/y`. Behind many of these its page
 * has less, or nothing, or goes on after the folder; it may say that it is truncated, and it may say that it is not. Inside the
 * folder of the marker no such keys are counted. So each folder is listed by its prefix, then what comes after it in the next one.
 */

/** What follows a key, in the key's own folder. At the top no key is counted that should not be. */
export function inFolder(key: string, maxKeys: number): PageRequest {
  return { ...(key !== '' && { keyMarker: key }), ...prefixed(folderOf(key)), maxKeys };
}

/**
 * What follows the keys that begin with `prefix`, which are listed to their end. After a folder `a/` that is what begins with
 * `a0`, the next string that no key of the folder begins with; after that, what follows `a0` in the folder above.
 */
export function afterPrefix(prefix: string, lastKey: string | undefined, maxKeys: number): PageRequest {
  if (prefix.endsWith('/')) return { prefix: `${prefix.slice(0, -1)}${AFTER_SLASH}`, maxKeys };
  return inFolder(lastKey?.startsWith(prefix) ? lastKey : prefix, maxKeys);
}

const AFTER_SLASH = '0';

/**
 * Of what is between two keys that follow each other, the string of the fewest folders: after it, less is to be asked for. The
 * first key, where that is in a folder with the second.
 */
export function highestBetween(key: string, next: string): string {
  for (let slash = key.indexOf('/'); slash >= 0; slash = key.indexOf('/', slash + 1)) {
    const between = `${key.slice(0, slash)}${AFTER_SLASH}`;
    if (compareKeys(between, next) < 0) return between;
  }
  return key;
}

/** A page's markers, in the folder that they are in. */
export const markersInFolder = (request: PageRequest): PageRequest =>
  request.prefix === undefined ? { ...request, ...prefixed(folderOf(keyOfMarker(request.keyMarker ?? ''))) } : request;

/** Whether the answer depends on keys before the marker, if the endpoint is MinIO. */
export const countsOthers = ({ keyMarker = '', versionIdMarker, prefix }: PageRequest): boolean =>
  prefix === undefined && versionIdMarker === undefined && keyMarker.includes('/');

/** A page that goes on shows what its endpoint's markers are; the last one does not. */
export const showsPlainMarkers = ({ nextKeyMarker }: VersionPage): boolean =>
  nextKeyMarker !== undefined && !isOpaqueMarker(nextKeyMarker);

/** Empty: the key is at the top. */
const folderOf = (key: string): string => key.slice(0, key.lastIndexOf('/') + 1);

const prefixed = (prefix: string): Pick<PageRequest, 'prefix'> => (prefix === '' ? {} : { prefix });

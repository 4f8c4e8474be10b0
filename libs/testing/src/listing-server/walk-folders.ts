import { utf8Order } from './key-orders.js';

export interface FolderWalk {
  readonly prefix: string;
  readonly keyMarker: string;
  /** Keys that a page is made of. */
  readonly wanted: number;
  /** Whether a key that is met counts for the limit. */
  counts(key: string): boolean;
}

/**
 * The keys that MinIO meets on its way from a marker, as its walk of folders goes: it leaves out what comes before the marker's
 * part at each level, not what comes before the marker; stops at a sixteenth more keys than a page is made of; and having
 * stopped inside a folder takes the next key after that folder nevertheless. No key may be the folder of another.
 */
export function walkFolders(keys: readonly string[], { prefix, keyMarker, wanted, counts }: FolderWalk): string[] {
  const limit = wanted + 4 + Math.floor(wanted / 16);
  const met: string[] = [];
  let counted = 0;

  const scan = (folder: string, beginning: string): void => {
    if (counted >= limit) return;
    const waiting: string[] = [];
    const leaveWaiting = (before?: string): void => {
      for (let next = waiting.at(-1); next !== undefined; next = waiting.at(-1)) {
        if (before === undefined ? counted >= limit : utf8Order(next, before) >= 0) return;
        waiting.pop();
        scan(next, '');
      }
    };
    for (const name of namesFrom(keys, folder, beginning, keyMarker)) {
      if (counted >= limit) return;
      const path = `${folder}${name}`;
      leaveWaiting(path);
      if (keys.includes(path)) {
        met.push(path);
        if (counts(path)) counted += 1;
      } else waiting.push(`${path}/`);
    }
    leaveWaiting();
  };

  const base = prefix.slice(0, prefix.lastIndexOf('/') + 1);
  scan(base, prefix.slice(base.length));
  return met;
}

/** In their order as names, though a folder's keys come after those of a name that begins alike and goes on below a slash. */
function namesFrom(keys: readonly string[], folder: string, beginning: string, marker: string): readonly string[] {
  const inside = keys.filter((key) => key.startsWith(`${folder}${beginning}`)).map((key) => key.slice(folder.length));
  const names = [...new Set(inside.map((key) => key.split('/', 1)[0] ?? ''))].toSorted(utf8Order);
  const forward = marker.startsWith(folder) ? (marker.slice(folder.length).split('/', 1)[0] ?? '') : '';
  const kept = names.filter((name) => utf8Order(`${name}/`, forward) >= 0);
  const first = kept.findIndex((name) => utf8Order(name, forward) >= 0 || forward.startsWith(name));
  return kept.slice(Math.max(first, 0));
}

import type { ObjectDescription } from '@mirror/events';
import type { NamedValues, StoredDescription } from '@mirror/namespace';

/** Whether what was read now is what is stored; names are in no order. Null: nothing is stored. */
export function isSameDescription(stored: StoredDescription | null, read: ObjectDescription): boolean {
  return (
    stored !== null &&
    stored.contentType === read.contentType &&
    hasSame(stored.headers, read.headers) &&
    hasSame(stored.metadata, read.metadata) &&
    hasSame(stored.tags, read.tags)
  );
}

function hasSame(stored: NamedValues, read: Readonly<Record<string, string>>): boolean {
  const values = new Map(Object.entries(read));
  return stored.length === values.size && stored.every(([name, value]) => values.get(name) === value);
}

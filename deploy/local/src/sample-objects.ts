/** One object of the sample bucket: what happens to its key, in order. */
export interface SampleObject {
  key: string;
  /** Put before versioning is enabled: its first version has the id `null`. */
  beforeVersioning: boolean;
  steps: SampleStep[];
}

export type SampleStep =
  | { kind: 'put'; body: string; contentType: string; metadata: Record<string, string>; tags: Record<string, string> }
  | { kind: 'deleteMarker' }
  /** Removes for good the version that the step of that index made. */
  | { kind: 'removeVersion'; step: number };

/** Keys that have broken clients before. MinIO refuses some that S3 Connector takes: `//`, `.` and `..`, a leading `/`. */
const oddKeys = [
  'odd/with spaces/a b  c.txt',
  'odd/plus+and+percent%20%2F.txt',
  'odd/ampersand&quotes\'"<xml>.txt',
  'odd/equals=and;semicolon,comma@at!.txt',
  'odd/umlaut-\u00fc-composed.txt',
  'odd/umlaut-u\u0308-decomposed.txt',
  'odd/日本語/写真 二〇二四.jpg',
  'odd/кириллица.txt',
  'odd/emoji-😀-👩‍👩‍👧.png',
  'odd/private-use-\ue000.txt',
  'odd/trailing.dot.',
  'odd/UPPER-and-lower.TXT',
  'odd/upper-AND-lower.txt',
  'odd/~tilde^caret`tick|pipe.txt',
  'odd/[brackets]{braces}(parentheses).txt',
  `deep/${Array.from({ length: 40 }, (_, level) => `level-${level}`).join('/')}/leaf.txt`,
  `long/${'x'.repeat(200)}/${'y'.repeat(200)}.txt`,
];

const versionsOfOneKey = 60;
const beforeVersioningShare = 0.05;

/**
 * About `versions` versions: photos and documents, a fifth of them overwritten, a twentieth deleted, some versions removed,
 * a few tagged or with metadata of the user's, some from before versioning. The same for the same number.
 */
export function sampleObjects(versions: number): SampleObject[] {
  // An ordinary object makes 1.25 versions on average; the odd ones and the busy one are extra.
  const ordinary = Math.max(0, Math.round((versions - oddKeys.length - versionsOfOneKey) / 1.25));
  const objects = Array.from({ length: ordinary }, (_, index) => ordinaryObject(index, ordinary));
  const odd = oddKeys.map((key) => ({ key, beforeVersioning: false, steps: [put(key, 0, 'text/plain')] }));
  return [...objects, ...odd, busyObject()];
}

function ordinaryObject(index: number, count: number): SampleObject {
  const isPhoto = index % 3 !== 0;
  const key = isPhoto ? photoKey(index) : `documents/${index % 17}/report ${index}.pdf`;
  const contentType = isPhoto ? 'image/jpeg' : 'application/pdf';
  const steps: SampleStep[] = [put(key, 0, contentType, index)];
  if (index % 5 === 0) steps.push(put(key, 1, contentType, index));
  if (index % 20 === 7) steps.push({ kind: 'deleteMarker' });
  if (index % 100 === 10) steps.push({ kind: 'removeVersion', step: 0 });
  return { key, beforeVersioning: index < count * beforeVersioningShare, steps };
}

function photoKey(index: number): string {
  const month = String((index % 12) + 1).padStart(2, '0');
  return `photos/${2019 + (index % 6)}/${month}/IMG_${String(index).padStart(6, '0')}.jpg`;
}

function put(key: string, revision: number, contentType: string, index = 1): SampleStep {
  const metadata: Record<string, string> = index % 10 === 0 ? { camera: 'X100', revision: String(revision) } : {};
  const tags: Record<string, string> = index % 25 === 0 ? { album: 'summer', reviewed: 'yes' } : {};
  const body = `${key}\nrevision ${revision}\n${'.'.repeat((index * 37) % 2000)}\n`;
  return { kind: 'put', body, contentType, metadata, tags };
}

function busyObject(): SampleObject {
  const key = 'documents/ledger.csv';
  const steps = Array.from({ length: versionsOfOneKey }, (_, revision) => put(key, revision, 'text/csv', revision + 1));
  return { key, beforeVersioning: false, steps };
}

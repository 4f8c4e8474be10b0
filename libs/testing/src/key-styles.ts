/** Makes the key of the object with that number. Keys of different numbers differ. */
export type KeyStyle = (index: number, random: () => number) => string;

/**
 * The kinds of keys that a bucket of the field holds, in turn. None is the folder of another (`x` beside `x/y`): MinIO takes
 * such a pair and then lists only one of it.
 */
export function keyStyles(options: Record<'astralKeys' | 'alikeFolders' | 'keysMinioRefuses', boolean>): KeyStyle[] {
  return [
    ...plain,
    ...(options.astralKeys ? astral : []),
    ...(options.alikeFolders ? alike : []),
    ...(options.keysMinioRefuses ? refusedByMinio : []),
  ];
}

const plain: KeyStyle[] = [
  (n) => `photos/2026/${month(n)}/IMG_${padded(n)}.jpg`,
  (n) => `deep/${Math.floor(n / 14) % 7}/a/b/c/d/e/f/g/h/i/j/k/l/${padded(n)}/leaf.txt`,
  (n) => `my documents/report ${n} (final).txt`,
  (n) => `sums/1+1=2, 50% of ${n} %41%2B+.txt`,
  (n) => `café/été ${n}.txt`.normalize('NFC'),
  (n) => `café/été ${n}.txt`.normalize('NFD'),
  (n) => `写真/東京 ${n}.jpg`,
  (n) => `Ελληνικά/ñandú-ß-${n}.txt`,
  (n, random) => `${hex(random)}${hex(random)}/${padded(n)}.bin`,
  (n) => `logs/${month(n)}-${1 + (n % 28)}T00:00:00Z/host-${n}.log.gz`,
  (n) => `quotes/'one' "two" & <three> #${n}?.txt`,
  (n) => `Case/README-${n}.TXT`,
  (n) => `case/readme-${n}.txt`,
  (n) => `$~!@*,;=[]{}^|\`/${n}.txt`,
];

/** Beside the folder `photos/`, and before it: asked by a key of that folder, MinIO loses keys. */
const alike: KeyStyle[] = [(n) => `photos-old/${padded(n)}.jpg`];

const astral: KeyStyle[] = [
  (n) => `emoji/😀 ${n}.txt`,
  (n) => `emoji/\uE000 ${n}.txt`,
  (n) => `emoji/Ａ ${n}.txt`,
  (n) => `emoji/\uFFFD ${n}.txt`,
];

const refusedByMinio: KeyStyle[] = [
  (n) => `double//slash-${n}.txt`,
  (n) => `/leading/${n}.txt`,
  (n) => `up/../${n}.txt`,
  (n) => `here/./${n}.txt`,
];

const month = (n: number): string => String(1 + (n % 12)).padStart(2, '0');
const padded = (n: number): string => String(n).padStart(7, '0');
const hex = (random: () => number): string =>
  Math.floor(random() * 0x10000)
    .toString(16)
    .padStart(4, '0');

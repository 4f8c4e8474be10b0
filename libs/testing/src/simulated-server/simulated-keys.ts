import { clockTime, isoDay } from './iso-time.js';
import { hexOf, mix } from './mix.js';

/** Kinds of key spaces. */
export type KeyFamily = 'hashed' | 'dated' | 'sequential' | 'nested';

export const keyFamilies: readonly KeyFamily[] = ['hashed', 'dated', 'sequential', 'nested'];

/** The key with this number; keys grow, by their bytes, with their numbers. */
export type KeyAt = (index: number) => string;

/** Makes the keys of one family, `count` in all. The same seed gives the same keys, each computed when it is asked for. */
export function keysOf(family: KeyFamily, count: number, seed: number): KeyAt {
  switch (family) {
    case 'hashed':
      return hashed(count, seed);
    case 'dated':
      return dated(count, seed);
    case 'sequential':
      return (index) => `backup/obj-${String(index).padStart(12, '0')}`;
    case 'nested':
      return nested(count, seed);
  }
}

/** Where key number `index` stands among all, from 0 to 1: evenly, but for a little. */
const placeOf = (index: number, count: number, seed: number): number => (index + mix(seed, index) / 2 ** 32) / count;

function hashed(count: number, seed: number): KeyAt {
  return (index) => {
    const digits = Math.floor(placeOf(index, count, seed) * 2 ** 48);
    return digits.toString(16).padStart(12, '0') + hexOf(seed + 1, index);
  };
}

const firstDay = Date.UTC(2023, 0, 1);
const days = 1_000;
const dayMs = 86_400_000;

/** Two and a half years of objects, more by day than by night. */
function dated(count: number, seed: number): KeyAt {
  return (index) => {
    const day = placeOf(index, count, seed) * days;
    const hour = day % 1;
    const shifted = Math.floor(day) + hour - Math.sin(2 * Math.PI * hour) * 0.12;
    const ms = Math.floor(shifted * dayMs);
    const sinceFirst = Math.floor(ms / dayMs);
    const clock = clockTime(ms - sinceFirst * dayMs);
    const folder = `${folderOf(firstDay / dayMs + sinceFirst)}/${clock.slice(0, 2)}`;
    return `${folder}/${clock.slice(3)}-${String(index).padStart(8, '0')}.json`;
  };
}

const folders = new Map<number, string>();

/** `2023/01/31`, by days since 1970. */
function folderOf(day: number): string {
  const known = folders.get(day);
  if (known !== undefined) return known;
  const folder = isoDay(day).replaceAll('-', '/');
  folders.set(day, folder);
  return folder;
}

const levels = 5;
const names = 'admin archive backup docs finance images legal media old raw shared team-a team-b tmp video'.split(' ');

/** A tree of folders, five deep, of very different sizes. */
function nested(count: number, seed: number): KeyAt {
  let leaf = { folder: '', from: 0, to: 0 };
  return (index) => {
    if (index < leaf.from || index >= leaf.to) leaf = leafOf(index, count, seed);
    return `${leaf.folder}file-${String(index - leaf.from).padStart(7, '0')}.bin`;
  };
}

function leafOf(index: number, count: number, seed: number): { folder: string; from: number; to: number } {
  let folder = '';
  let [from, to] = [0, count];
  let state = seed;
  for (let level = 0; level < levels && to - from > 1; level += 1) {
    const children = names.filter((_, child) => mix(state, child) % 3 !== 0);
    const weights = children.map((_, child) => (1 + (mix(state + 1, child) % 6)) ** 2);
    const whole = weights.reduce((sum, weight) => sum + weight, 0);
    const bounds = [0, ...weights.map((_, child) => weights.slice(0, child + 1).reduce((sum, each) => sum + each, 0))];
    const at = bounds.map((bound) => from + Math.floor(((to - from) * bound) / whole));
    const child = at.findLastIndex((bound, position) => bound <= index && position < children.length);
    folder += `${children[child]}/`;
    state = mix(state + 2, child);
    [from, to] = [at[child] ?? from, at[child + 1] ?? to];
  }
  return { folder, from, to };
}

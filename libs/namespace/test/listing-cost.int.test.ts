import { type FreshDatabase, freshDatabase } from '@mirror/testing';
import type { Document } from 'mongodb';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { listObjects, listObjectVersions, Namespace } from '../src/index.js';
import { versionDocument } from './listing-model.js';

/** What a listing costs, by MongoDB's own count: documents and index entries that it examined, and full scans or sorts. */

let database: FreshDatabase;
let namespace: Namespace;
const versions = () => namespace.versions('life-1');
const range = (count: number) => Array.from({ length: count }, (_, index) => index);

beforeAll(async () => {
  database = await freshDatabase('listing-cost');
  namespace = new Namespace(database.db);
  await namespace.prepareMirror('life-1');
  const deep = range(20).flatMap((d) => range(1_000).map((f) => versionDocument(`deep/d${d}/${f}`, 0)));
  const overwritten = range(10).flatMap((k) => range(1_200).map((place) => versionDocument(`old/k${k}`, place)));
  const flat = range(2_000).map((f) => versionDocument(`flat/${f}`, 0));
  await versions().insertMany([...deep, ...overwritten, ...flat], { ordered: false });
});
afterAll(() => database?.drop());

async function costOf(work: () => Promise<unknown>): Promise<{ docs: number; keys: number; queries: number }> {
  await database.db.setProfilingLevel('all');
  await work();
  await database.db.setProfilingLevel('off');
  const profile = database.db.collection('system.profile');
  const queries = await profile.find<Document>({ ns: versions().namespace }).toArray();
  await profile.drop();
  for (const query of queries) {
    expect(query.planSummary).toMatch(/IXSCAN { _id\.k: 1, place: 1 }|IDHACK/);
    expect(query.hasSortStage ?? false).toBe(false);
  }
  const sum = (field: string) => queries.reduce((total, query) => total + Number(query[field] ?? 0), 0);
  return { docs: sum('docsExamined'), keys: sum('keysExamined'), queries: queries.length };
}

const base = { delimiter: '', after: '', limit: 1_000 };

it('a delimiter listing seeks past common prefixes', async () => {
  const list = () => listObjects(versions(), { ...base, prefix: 'deep/', delimiter: '/' });
  expect((await list()).entries).toHaveLength(20);
  const { docs, keys } = await costOf(list);
  expect(docs).toBeLessThan(200); // of 20,000 documents
  expect(keys).toBeLessThan(400);
});

it('so does one of versions', async () => {
  const list = () => listObjectVersions(versions(), { ...base, prefix: 'deep/', delimiter: '/', afterVersionId: null });
  expect((await list()).entries).toHaveLength(20);
  expect((await costOf(list)).docs).toBeLessThan(200);
});

it('a listing of objects seeks past the older versions of a key', async () => {
  const list = () => listObjects(versions(), { ...base, prefix: 'old/', limit: 9 });
  expect((await list()).entries).toHaveLength(9);
  expect((await costOf(list)).docs).toBeLessThan(100); // of 12,000 documents
});

it('a page deep inside one key, or a plain page, costs no more than its entries', async () => {
  const inside = await costOf(() =>
    listObjectVersions(versions(), { ...base, prefix: 'old/', after: 'old/k5', afterVersionId: 'v800', limit: 100 }),
  );
  expect(inside.docs).toBeLessThan(130);
  const flat = await costOf(() => listObjects(versions(), { ...base, prefix: 'flat/' }));
  expect(flat.docs).toBeLessThan(1_100);
  expect(flat.queries).toBeLessThan(3);
});

import { type FreshDatabase, freshDatabase } from '@mirror/testing';
import fc from 'fast-check';
import { type Collection, Timestamp } from 'mongodb';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { applyWrites, Namespace, type VersionDocument, type VersionWrite } from '../src/index.js';

let database: FreshDatabase;
let namespace: Namespace;
let mirrors = 0;

beforeAll(async () => {
  database = await freshDatabase('apply-writes');
  namespace = new Namespace(database.db);
});
afterAll(() => database.drop());

const at = (time: number) => new Timestamp({ t: 1_000_000 + time, i: 1 });
const observed = (from: number, to: number) => ({ startedAt: at(from), endedAt: at(to) });

function facts(etag: string, place = 0) {
  const lastModified = new Date('2026-01-02T03:04:05.678Z');
  return { kind: 'version', place, size: etag.length, etag, lastModified, storageClass: 'STANDARD' } as const;
}

function put(key: string, etag: string, from: number, to: number): VersionWrite {
  return { kind: 'put', id: { k: key, v: 'v1' }, facts: facts(etag), observed: observed(from, to), described: null };
}

function remove(key: string, from: number, to: number): VersionWrite {
  return { kind: 'remove', id: { k: key, v: 'v1' }, facts: facts(''), observed: observed(from, to) };
}

function described(key: string, etag: string, time: number): VersionWrite {
  const description = { contentType: 'text/plain', headers: [], metadata: [['$a.b', `at ${time}`]], tags: [] } as const;
  return {
    kind: 'put',
    id: { k: key, v: 'v1' },
    facts: facts(etag),
    observed: observed(0, 0),
    described: { description, describedFrom: at(time), describedAt: at(time + 1) },
  };
}

async function freshMirror(): Promise<Collection<VersionDocument>> {
  mirrors += 1;
  await namespace.prepareMirror(`m${mirrors}`);
  return namespace.versions(`m${mirrors}`);
}

const read = (versions: Collection<VersionDocument>, key: string) => versions.findOne({ '_id.k': key });

describe.each([{ expectKnown: false }, { expectKnown: true }])(
  'applyWrites, expectKnown $expectKnown',
  ({ expectKnown }) => {
    const apply = (versions: Collection<VersionDocument>, ...writes: VersionWrite[]) =>
      applyWrites(versions, writes, expectKnown);

    it('inserts what is new, and changes nothing when it comes again', async () => {
      const versions = await freshMirror();
      const writes = [put('a', 'one', 1, 2), put('b', 'two', 1, 2)];
      expect(await apply(versions, ...writes)).toMatchObject({ inserted: 2, changed: 0 });
      expect(await apply(versions, ...writes)).toMatchObject({ inserted: 0, changed: 0 });
    });

    it('ignores an observation that began before the document’s stamp, and takes a later one', async () => {
      const versions = await freshMirror();
      await apply(versions, put('a', 'new', 10, 20));
      await apply(versions, put('a', 'overlapping', 15, 30));
      expect(await read(versions, 'a')).toMatchObject({ etag: 'new', listedAt: at(20) });
      await apply(versions, put('a', 'later', 21, 30));
      expect(await read(versions, 'a')).toMatchObject({ etag: 'later', listedAt: at(30) });
    });

    it('keeps a replayed put out after a removal, and lets a listing begun later bring the id back', async () => {
      const versions = await freshMirror();
      await apply(versions, put('a', 'one', 1, 2));
      await apply(versions, remove('a', 5, 6));
      await apply(versions, put('a', 'one', 1, 2));
      expect(await read(versions, 'a')).toMatchObject({ live: false, removedAt: expect.any(Date) });
      await apply(versions, put('a', 'one', 7, 8));
      expect(await read(versions, 'a')).toMatchObject({ live: true });
      expect(await read(versions, 'a')).not.toHaveProperty('removedAt');
    });

    it('leaves a tombstone for what was never known, so that a late put stays out', async () => {
      const versions = await freshMirror();
      await apply(versions, remove('a', 5, 6));
      await apply(versions, put('a', 'one', 1, 2));
      expect(await read(versions, 'a')).toMatchObject({ live: false });
    });

    it('ignores a removal older than the document', async () => {
      const versions = await freshMirror();
      await apply(versions, put('a', 'one', 10, 20));
      expect(await apply(versions, remove('a', 15, 18), remove('b', 1, 2))).toMatchObject({ changed: 1 });
      expect(await read(versions, 'a')).toMatchObject({ live: true });
    });

    it('takes a description only for the same ETag, and only a later one', async () => {
      const versions = await freshMirror();
      await apply(versions, put('a', 'one', 1, 2));
      await apply(versions, described('a', 'other', 5));
      expect(await read(versions, 'a')).toMatchObject({ description: null });
      await apply(versions, described('a', 'one', 10));
      await apply(versions, described('a', 'one', 7));
      expect(await read(versions, 'a')).toMatchObject({
        description: { metadata: [['$a.b', 'at 10']] },
        listedAt: at(2),
      });
    });

    it('takes a description alone for a known version, and inserts nothing for an unknown one', async () => {
      const versions = await freshMirror();
      await apply(versions, put('a', 'one', 1, 2));
      expect(await apply(versions, alone('a', 'one', 10), alone('b', 'one', 10))).toMatchObject({
        inserted: 0,
        changed: 1,
      });
      expect(await read(versions, 'a')).toMatchObject({ description: { contentType: 'text/plain' }, listedAt: at(2) });
      expect(await read(versions, 'b')).toBeNull();
    });

    it('forgets the description of a null version that was overwritten under its id', async () => {
      const versions = await freshMirror();
      await apply(versions, put('a', 'one', 1, 2));
      await apply(versions, described('a', 'one', 5));
      await apply(versions, put('a', '$two', 8, 9));
      expect(await read(versions, 'a')).toMatchObject({ etag: '$two', description: null, describedAt: null });
    });
  },
);

/** Only what HEAD and tagging told. */
function alone(key: string, etag: string, time: number): VersionWrite {
  const write = described(key, etag, time);
  if (write.kind !== 'put' || !write.described) throw new Error('not described');
  return { kind: 'describe', id: write.id, etag, described: write.described };
}

describe('a batch that comes again', () => {
  const first = [
    put('a', 'one', 1, 2),
    put('b', 'one', 3, 4),
    { ...described('c', 'one', 5), observed: observed(5, 6) } as VersionWrite,
    remove('d', 5, 6),
  ];
  const next = [alone('a', 'one', 10), remove('b', 7, 8)];

  it('is known for one, whatever is in it, and writes nothing', async () => {
    const versions = await freshMirror();
    for (const writes of [first, next]) await applyWrites(versions, writes, false);
    const before = await versions.find().toArray();
    for (const writes of [first, next]) {
      expect(await applyWrites(versions, writes, true)).toEqual({ inserted: 0, changed: 0, known: writes.length });
    }
    expect(await versions.find().toArray()).toEqual(before);
  });

  it.each<{ what: string; write: VersionWrite; result: object }>([
    { what: 'a new version', write: put('e', 'one', 1, 2), result: { inserted: 1, changed: 0 } },
    { what: 'a later listing', write: put('a', 'two', 9, 10), result: { inserted: 0, changed: 1 } },
    { what: 'a later description', write: alone('a', 'one', 20), result: { inserted: 0, changed: 1 } },
    { what: 'a later removal', write: remove('a', 9, 10), result: { inserted: 0, changed: 1 } },
    { what: 'a description that came with an older listing', write: described('a', 'one', 20), result: { changed: 1 } },
  ])('writes $what that is in it', async ({ write, result }) => {
    const versions = await freshMirror();
    for (const writes of [first, next]) await applyWrites(versions, writes, false);
    const others = first.filter(({ id }) => id.k !== write.id.k);
    expect(await applyWrites(versions, [...others, write], true)).toMatchObject(result);
    expect(await applyWrites(versions, [...others, write], true)).toMatchObject({ inserted: 0, changed: 0 });
  });
});

describe('applyWrites', () => {
  it('leaves the same documents on either path, whatever came before', async () => {
    const write = fc.tuple(fc.constantFrom('a', 'b'), fc.nat(9), fc.nat(3), fc.boolean(), fc.constantFrom('x', 'y'));
    await fc.assert(
      fc.asyncProperty(fc.array(write, { maxLength: 8 }), async (steps) => {
        const inserting = await freshMirror();
        const reading = await freshMirror();
        const model = new Map<string, { etag: string; live: boolean; stamp: number }>();
        for (const [key, from, length, isRemoval, etag] of steps) {
          const step = isRemoval ? remove(key, from, from + length) : put(key, etag, from, from + length);
          await applyWrites(inserting, [step], false);
          await applyWrites(reading, [step], true);
          const before = model.get(key);
          if (before && before.stamp >= from) continue;
          model.set(key, { etag: isRemoval ? (before?.etag ?? '') : etag, live: !isRemoval, stamp: from + length });
        }
        for (const versions of [inserting, reading]) {
          const documents = await versions.find().toArray();
          const seen = documents.map(({ _id, etag, live, listedAt }) => [
            _id.k,
            { etag, live, stamp: listedAt.t - 1_000_000 },
          ]);
          expect(new Map(seen as [string, unknown][])).toEqual(model);
        }
      }),
      { numRuns: 25 },
    );
  });
});

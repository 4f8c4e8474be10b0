import type { Namespace, VersionDocument } from '@mirror/namespace';
import type { Collection, Filter } from 'mongodb';
import { GroupCommit } from '../group-commit.js';
import type { Operation } from './push-attempt.js';
import { readByKey } from './read-by-key.js';

/** Operations of a key that are read at once; later ones come when these are done. */
export const MAX_OF_KEY = 100;
/** Keys that one query reads, and documents that it answers at most before keys are read one by one. */
const MAX_KEYS = 256;
const MAX_DOCUMENTS = 400;
/** Newest versions of a key that are looked at: it does not get more than that within a second. */
const MAX_NEWEST = 200;

export interface KnownVersions {
  readonly ids: string[];
  readonly hasNull: boolean;
}

type Versions = ReturnType<Namespace['versions']>;

interface OfKey {
  readonly mirrorId: string;
  readonly key: string;
}

type NewestVersion = Pick<VersionDocument, '_id' | 'lastModified' | 'aliases'>;

/** What a push reads of its key, for many keys at once. */
export class KeyReads {
  readonly #operations: Collection<Operation>;
  readonly #operationsOf = new GroupCommit((keys: readonly OfKey[]) => this.#allOperations(keys), MAX_KEYS);
  readonly #versionsOf = new GroupCommit((keys: readonly OfKey[]) => this.#allVersions(keys), MAX_KEYS);

  constructor(private readonly namespace: Namespace) {
    this.#operations = namespace.pendingOperations as unknown as Collection<Operation>; // `attempt` is this service's own
  }

  /** Of a key, in their order; those with an outcome that is not yet recorded, too. */
  operationsOf(mirrorId: string, key: string): Promise<readonly Operation[]> {
    return this.#operationsOf.run({ mirrorId, key });
  }

  /**
   * The connector's version ids of a key that are known and not older than that, and whether one is from before versioning.
   * With those that were pushed: until a listing says when the connector made one, its time is that of its acceptance, perhaps
   * long before.
   */
  async knownVersions(mirrorId: string, key: string, notBefore: Date): Promise<KnownVersions> {
    const { newest, hasNull } = await this.#versionsOf.run({ mirrorId, key });
    const from = Math.floor(notBefore.getTime() / 1000) * 1000;
    const mayBeNewer = ({ lastModified, aliases }: NewestVersion) =>
      aliases !== undefined || lastModified.getTime() >= from;
    return { ids: newest.filter(mayBeNewer).map(({ _id }) => _id.v), hasNull };
  }

  #allOperations(all: readonly OfKey[]): Promise<(readonly Operation[])[]> {
    return ofEachMirror(all, async (mirrorId, keys) => {
      const sort = { mirrorId: 1, key: 1, sequence: 1 } as const;
      const found = await readByKey<Operation>(
        keys,
        MAX_DOCUMENTS,
        ({ key }) => key,
        (some, limit) => this.#operations.find({ mirrorId, key: { $in: [...some] } }, { sort, limit }).toArray(),
        (key) => this.#operationsOfOne(mirrorId, key),
      );
      return (key) => found.get(key) ?? [];
    });
  }

  async #operationsOfOne(mirrorId: string, key: string): Promise<Operation[]> {
    const first = await this.#find({ mirrorId, key });
    if (first.length < MAX_OF_KEY || first.some(({ outcome }) => !outcome)) return first;
    // Nobody records outcomes at the moment: what comes after them is pushed nevertheless.
    return [...first, ...(await this.#find({ mirrorId, key, outcome: { $exists: false } }))];
  }

  #find(filter: Filter<Operation>): Promise<Operation[]> {
    return this.#operations.find(filter, { sort: { sequence: 1 }, limit: MAX_OF_KEY }).toArray();
  }

  #allVersions(all: readonly OfKey[]): Promise<{ newest: readonly NewestVersion[]; hasNull: boolean }[]> {
    return ofEachMirror(all, async (mirrorId, keys) => {
      const versions = this.namespace.versions(mirrorId);
      const isKnown = { live: true, pending: { $exists: false } };
      const newestOf = (some: readonly string[], limit: number) =>
        versions
          .find({ ...isKnown, '_id.k': { $in: [...some] } })
          .project<NewestVersion>({ lastModified: 1, aliases: 1 })
          .sort({ '_id.k': 1, place: 1 })
          .limit(limit)
          .toArray();
      const newest = await readByKey<NewestVersion>(
        keys,
        MAX_DOCUMENTS,
        ({ _id }) => _id.k,
        newestOf,
        (key) => newestOf([key], MAX_NEWEST),
      );
      // Where all are known, so is whether one of them is from before versioning.
      const unknown = keys.filter((key) => (newest.get(key)?.length ?? 0) >= MAX_NEWEST);
      const withNull = unknown.length > 0 ? await nullsAmong(versions, unknown) : new Set();
      return (key) => {
        const ofKey = newest.get(key) ?? [];
        return { newest: ofKey, hasNull: withNull.has(key) || ofKey.some(({ _id }) => _id.v === 'null') };
      };
    });
  }
}

async function nullsAmong(versions: Versions, keys: readonly string[]): Promise<ReadonlySet<string>> {
  const ids = keys.map((k) => ({ k, v: 'null' }));
  const found = await versions.find({ _id: { $in: ids }, live: true }, { projection: { _id: 1 } }).toArray();
  return new Set(found.map(({ _id }) => _id.k));
}

/** Reads the keys of each mirror together, and answers for each key in the order in which they were asked for. */
async function ofEachMirror<R>(
  all: readonly OfKey[],
  read: (mirrorId: string, keys: readonly string[]) => Promise<(key: string) => R>,
): Promise<R[]> {
  const mirrors = [...Map.groupBy(all, ({ mirrorId }) => mirrorId)];
  const answers = await Promise.all(
    mirrors.map(async ([mirrorId, ofMirror]) => {
      const keys = [...new Set(ofMirror.map(({ key }) => key))];
      return [mirrorId, await read(mirrorId, keys)] as const;
    }),
  );
  const byMirror = new Map(answers);
  return all.map(({ mirrorId, key }) => {
    const answer = byMirror.get(mirrorId);
    if (!answer) throw new Error('a mirror was not read');
    return answer(key);
  });
}

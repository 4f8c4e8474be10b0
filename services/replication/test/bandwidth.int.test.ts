import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { TestReplication } from './running-replication.js';

const KIB = 1024;
const size = 512 * KIB;
/** What is under way is not waited for: of all bodies the last piece. */
const ahead = 16 * KIB;

describe('the bandwidth of a location', () => {
  let replication: TestReplication;
  beforeAll(async () => {
    replication = await TestReplication.start({ PUSH_BYTES_PER_SECOND: String(4_096 * KIB) });
  });
  afterAll(() => replication.stop());

  /** Seconds from the restart of a service with this limit until what waited for it was pushed. */
  async function pushedIn(bytesPerSecond: number, keys: readonly string[]): Promise<number> {
    await replication.stopService();
    const bodies = new Map(keys.map((key) => [key, randomBytes(size)]));
    for (const [key, body] of bodies) await replication.client.put(key, body);
    await replication.startService({ PUSH_BYTES_PER_SECOND: String(bytesPerSecond) });
    const startedAt = performance.now();
    await replication.settled(60_000);
    const seconds = (performance.now() - startedAt) / 1000;
    for (const [key, body] of bodies) expect((await replication.read(key)).bytes.equals(body)).toBe(true);
    return seconds;
  }

  it('is shared by all that is pushed there at once, and what is set anew holds from the next start', async () => {
    const wide = await pushedIn(2_048 * KIB, ['a', 'b', 'c', 'd']);
    expect(wide).toBeGreaterThan((4 * size - ahead) / (2_048 * KIB));
    const narrow = await pushedIn(512 * KIB, ['e', 'f', 'g', 'h']);
    expect(narrow).toBeGreaterThan((4 * size - ahead) / (512 * KIB));
  }, 120_000);

  it('is shared by the parts of an upload, too', async () => {
    await replication.stopService();
    const parts = [randomBytes(5_120 * KIB), randomBytes(512 * KIB)];
    await replication.client.put('parts', '', { parts });
    await replication.startService({ PUSH_BYTES_PER_SECOND: String(2_048 * KIB) });
    const startedAt = performance.now();
    await replication.settled(60_000);
    expect(performance.now() - startedAt).toBeGreaterThan(((5_632 * KIB - ahead) / (2_048 * KIB)) * 1000);
    expect((await replication.read('parts')).bytes.equals(Buffer.concat(parts))).toBe(true);
  }, 120_000);
});

import { expect, it } from 'vitest';
import { CachedLookup } from './cached-lookup.js';

/** A source that answers when the test says so, and a clock that the test moves. */
function setUp(maxEntries = 10) {
  let time = 0;
  const asked: Array<{ key: string; answer: (value: string | null) => void; fail: (error: Error) => void }> = [];
  const load = (key: string) =>
    new Promise<string | null>((resolve, reject) => asked.push({ key, answer: resolve, fail: reject }));
  const lookup = new CachedLookup(load, { foundMs: 30, missingMs: 5, maxEntries, now: () => time });
  const ask = async (key: string, value: string | null) => {
    const before = asked.length;
    const answer = lookup.get(key);
    asked[before]?.answer(value);
    return { value: await answer, wasAsked: asked.length > before };
  };
  return { lookup, asked, ask, pass: (ms: number) => (time += ms) };
}

it('keeps what was found until its time is over', async () => {
  const { ask, pass } = setUp();
  expect(await ask('a', '1')).toEqual({ value: '1', wasAsked: true });
  pass(29);
  expect(await ask('a', '2')).toEqual({ value: '1', wasAsked: false });
  pass(1);
  expect(await ask('a', '2')).toEqual({ value: '2', wasAsked: true });
});

it('keeps that there is none for a shorter time', async () => {
  const { ask, pass } = setUp();
  await ask('a', null);
  pass(4);
  expect(await ask('a', '1')).toEqual({ value: null, wasAsked: false });
  pass(1);
  expect(await ask('a', '1')).toEqual({ value: '1', wasAsked: true });
});

it('asks once for all who wait, counts the time from the question, and keeps no failure', async () => {
  const { lookup, asked, ask, pass } = setUp();
  const both = [lookup.get('a'), lookup.get('a')];
  expect(asked).toHaveLength(1);
  pass(30);
  asked[0]?.answer('1');
  expect(await Promise.all(both)).toEqual(['1', '1']);
  expect((await ask('a', '2')).wasAsked).toBe(true);
  const failing = lookup.get('b');
  asked.at(-1)?.fail(new Error('down'));
  await expect(failing).rejects.toThrow('down');
  expect((await ask('b', '3')).value).toBe('3');
});

it('what is forgotten while it is on its way is not kept', async () => {
  const { lookup, asked, ask } = setUp();
  const stale = lookup.get('a');
  lookup.forget('a');
  asked[0]?.answer('old');
  expect(await stale).toBe('old');
  expect(await ask('a', 'new')).toEqual({ value: 'new', wasAsked: true });
});

it('a failure of a forgotten question does not take the newer answer with it', async () => {
  const { lookup, asked, ask } = setUp();
  const stale = lookup.get('a');
  lookup.forget('a');
  await ask('a', 'new');
  asked[0]?.fail(new Error('late'));
  await expect(stale).rejects.toThrow('late');
  expect(await ask('a', 'newer')).toEqual({ value: 'new', wasAsked: false });
});

it('forgets the oldest beyond its bound', async () => {
  const { ask } = setUp(2);
  for (const key of ['a', 'b', 'c']) await ask(key, key);
  expect((await ask('c', 'x')).wasAsked).toBe(false);
  expect((await ask('a', 'x')).wasAsked).toBe(true);
});

import { describe, expect, it } from 'vitest';
import { type Said, sayAgain } from './repeat-backoff.js';

const after = (said: Said, ms: number) => new Date(said.lastAt.getTime() + ms);
const first: Said = { digest: 'a', times: 1, lastAt: new Date(0) };

describe('sayAgain', () => {
  it('says what was not said last at once', () => {
    expect(sayAgain(null, 'a', new Date(0))).toEqual(first);
    expect(sayAgain({ ...first, times: 9 }, 'b', new Date(1))).toMatchObject({ digest: 'b', times: 1 });
  });

  it('says the same a second time at once, then after 5 s, then after 10 s, at most after 5 minutes', () => {
    const second = sayAgain(first, 'a', after(first, 1));
    expect(second).toMatchObject({ times: 2 });
    expect(sayAgain({ ...first, times: 2 }, 'a', after(first, 4_999))).toBeNull();
    expect(sayAgain({ ...first, times: 2 }, 'a', after(first, 5_000))).toMatchObject({ times: 3 });
    expect(sayAgain({ ...first, times: 3 }, 'a', after(first, 9_999))).toBeNull();
    expect(sayAgain({ ...first, times: 30 }, 'a', after(first, 300_000))).toMatchObject({ times: 30 });
  });
});

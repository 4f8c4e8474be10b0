import { describe, expect, it } from 'vitest';
import { closed, isProbeDue, probeFailed, probeNow } from './circuit.js';

const error = (code: string, at: number) => ({ code, detail: '', hint: '', at: new Date(at) });

describe('the circuit of a location', () => {
  it('waits longer after each probe that failed, up to a quarter of a minute', () => {
    let circuit = probeFailed(closed, error('A', 0), 1_000, 1);
    expect(circuit).toMatchObject({ kind: 'open', probeAt: 1_500 });
    for (let probe = 0; probe < 10; probe++) circuit = probeFailed(circuit, error('A', 1), 1_000, 1);
    expect(circuit).toMatchObject({ probeAt: 16_000 });
    expect(isProbeDue(circuit, 15_999)).toBe(false);
    expect(isProbeDue(circuit, 16_000)).toBe(true);
    expect(isProbeDue(closed, 16_000)).toBe(false);
  });

  it('tells since when the same is wrong', () => {
    const first = probeFailed(closed, error('A', 1), 0, 0);
    expect(probeFailed(first, error('A', 2), 0, 0)).toMatchObject({ error: { at: new Date(1) } });
    expect(probeFailed(first, error('B', 2), 0, 0)).toMatchObject({ error: { code: 'B', at: new Date(2) } });
  });

  it('is probed at once when the location changed', () => {
    const open = probeFailed(closed, error('A', 0), 1_000, 1);
    expect(isProbeDue(probeNow(open, 1_100), 1_100)).toBe(true);
    expect(probeNow(closed, 0)).toBe(closed);
  });
});

import fc from 'fast-check';
import { expect, it } from 'vitest';
import { intoParts } from './into-parts.js';

it('cuts any body into full parts and a rest, and changes no byte', async () => {
  const chunks = fc.array(fc.uint8Array({ maxLength: 40 }), { maxLength: 12 });
  await fc.assert(
    fc.asyncProperty(chunks, fc.integer({ min: 1, max: 30 }), async (given, partBytes) => {
      const parts: Buffer[] = [];
      for await (const part of intoParts(streamOf(given), partBytes)) parts.push(part);
      expect(Buffer.concat(parts)).toEqual(Buffer.concat(given));
      expect(parts.slice(0, -1).every((part) => part.byteLength === partBytes)).toBe(true);
      const last = parts.at(-1)?.byteLength ?? 1;
      expect(last >= 1 && last <= partBytes).toBe(true);
    }),
  );
});

async function* streamOf(chunks: readonly Uint8Array[]): AsyncGenerator<Uint8Array> {
  yield* chunks;
}

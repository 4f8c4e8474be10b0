/** Cuts a body into parts of this size; the last one may be smaller, and there is none of 0 bytes. */
export async function* intoParts(body: AsyncIterable<Uint8Array>, partBytes: number): AsyncGenerator<Buffer> {
  let held: Uint8Array[] = [];
  let heldBytes = 0;
  for await (const chunk of body) {
    let rest = chunk;
    while (heldBytes + rest.byteLength >= partBytes) {
      const missing = partBytes - heldBytes;
      yield Buffer.concat([...held, rest.subarray(0, missing)], partBytes);
      rest = rest.subarray(missing);
      held = [];
      heldBytes = 0;
    }
    if (rest.byteLength === 0) continue;
    held.push(rest);
    heldBytes += rest.byteLength;
  }
  if (heldBytes > 0) yield Buffer.concat(held, heldBytes);
}

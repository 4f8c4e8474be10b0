/** A running cyclic redundancy check. The digest is big-endian, as S3's headers carry it. */
export interface Crc {
  update(bytes: Uint8Array): void;
  digest(): Buffer;
}

/** Bit-reversed polynomials, as their standards give them. */
const CASTAGNOLI = 0x82f63b78;
const NVME = { high: 0x9a6c9329, low: 0xac4bc9b5 };
const BYTES = 256;
/** Bytes taken at a time: one table for each. */
const STRIDE = 8;

/** Tables of `STRIDE` times 256 entries: entry [n][b] is byte b followed by n zero bytes. Low and high half of 64 bits. */
interface Tables {
  readonly low: Uint32Array;
  readonly high: Uint32Array;
}

function makeTables(polynomial: { readonly high: number; readonly low: number }): Tables {
  const low = new Uint32Array(STRIDE * BYTES);
  const high = new Uint32Array(STRIDE * BYTES);
  for (let byte = 0; byte < BYTES; byte += 1) {
    let [lowHalf, highHalf] = [byte, 0];
    for (let bit = 0; bit < 8; bit += 1) {
      const isSet = lowHalf & 1;
      lowHalf = ((lowHalf >>> 1) | (highHalf << 31)) ^ (isSet ? polynomial.low : 0);
      highHalf = (highHalf >>> 1) ^ (isSet ? polynomial.high : 0);
    }
    low[byte] = lowHalf;
    high[byte] = highHalf;
  }
  for (let at = BYTES; at < STRIDE * BYTES; at += 1) {
    const before = { low: low[at - BYTES] ?? 0, high: high[at - BYTES] ?? 0 };
    const next = before.low & 0xff;
    low[at] = ((before.low >>> 8) | (before.high << 24)) ^ (low[next] ?? 0);
    high[at] = (before.high >>> 8) ^ (high[next] ?? 0);
  }
  return { low, high };
}

let castagnoli: Tables | undefined;
let nvme: Tables | undefined;

/** CRC-32C (Castagnoli). */
export function crc32c(): Crc {
  castagnoli ??= makeTables({ high: 0, low: CASTAGNOLI });
  const table = castagnoli.low;
  let crc = ~0;
  return {
    update: (bytes) => {
      crc = advance32(table, crc, bytes);
    },
    digest: () => bigEndian(~crc),
  };
}

/** Indexes stay inside the typed arrays: `?? 0` is for the compiler, and costs nothing that was measurable. */
function advance32(table: Uint32Array, start: number, bytes: Uint8Array): number {
  let crc = start;
  let at = 0;
  const at0 = (byte: number, shift: number): number => table[shift * BYTES + byte] ?? 0;
  for (const end = bytes.length - STRIDE; at <= end; at += STRIDE) {
    const word = crc ^ word32(bytes, at);
    crc =
      at0(word & 0xff, 7) ^
      at0((word >>> 8) & 0xff, 6) ^
      at0((word >>> 16) & 0xff, 5) ^
      at0(word >>> 24, 4) ^
      at0(bytes[at + 4] ?? 0, 3) ^
      at0(bytes[at + 5] ?? 0, 2) ^
      at0(bytes[at + 6] ?? 0, 1) ^
      at0(bytes[at + 7] ?? 0, 0);
  }
  for (; at < bytes.length; at += 1) crc = at0((crc ^ (bytes[at] ?? 0)) & 0xff, 0) ^ (crc >>> 8);
  return crc;
}

/** CRC-64/NVME. */
export function crc64nvme(): Crc {
  nvme ??= makeTables(NVME);
  const tables = nvme;
  const state = { low: ~0, high: ~0 };
  return {
    update: (bytes) => advance64(tables, state, bytes),
    digest: () => Buffer.concat([bigEndian(~state.high), bigEndian(~state.low)]),
  };
}

function advance64(tables: Tables, state: { low: number; high: number }, bytes: Uint8Array): void {
  let { low, high } = state;
  let at = 0;
  for (const end = bytes.length - STRIDE; at <= end; at += STRIDE) {
    let lowWord = low ^ word32(bytes, at);
    let highWord = high ^ word32(bytes, at + 4);
    low = 0;
    high = 0;
    for (let index = 7; index >= 4; index -= 1) {
      const entry = index * BYTES + (lowWord & 0xff);
      low ^= tables.low[entry] ?? 0;
      high ^= tables.high[entry] ?? 0;
      lowWord >>>= 8;
    }
    for (let index = 3; index >= 0; index -= 1) {
      const entry = index * BYTES + (highWord & 0xff);
      low ^= tables.low[entry] ?? 0;
      high ^= tables.high[entry] ?? 0;
      highWord >>>= 8;
    }
  }
  for (; at < bytes.length; at += 1) {
    const entry = (low ^ (bytes[at] ?? 0)) & 0xff;
    low = ((low >>> 8) | (high << 24)) ^ (tables.low[entry] ?? 0);
    high = (high >>> 8) ^ (tables.high[entry] ?? 0);
  }
  state.low = low;
  state.high = high;
}

const word32 = (bytes: Uint8Array, at: number): number =>
  (bytes[at] ?? 0) | ((bytes[at + 1] ?? 0) << 8) | ((bytes[at + 2] ?? 0) << 16) | ((bytes[at + 3] ?? 0) << 24);

function bigEndian(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value >>> 0);
  return bytes;
}

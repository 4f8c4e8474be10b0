import { promisify } from 'node:util';
import { zstdCompress, zstdDecompress } from 'node:zlib';
// Node finds only some names in kafkajs: all are on its default export.
import kafkajs from 'kafkajs';

const compress = promisify(zstdCompress);
const decompress = promisify(zstdDecompress);

/**
 * Teaches kafkajs zstd through Node's own zlib. Every process needs it, whatever it produces with: a colleague's messages
 * may be compressed, and kafkajs crashes on a codec that it lacks. Registering again changes nothing.
 */
export function registerZstd(): void {
  kafkajs.CompressionCodecs[kafkajs.CompressionTypes.ZSTD] = () => ({
    compress: (encoder: { buffer: Buffer }) => compress(encoder.buffer),
    decompress: (buffer: Buffer) => decompress(buffer),
  });
}

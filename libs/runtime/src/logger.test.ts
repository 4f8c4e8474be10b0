import { Writable } from 'node:stream';
import { describe, expect, it } from 'vitest';
import { createLogger } from './logger.js';

describe('createLogger', () => {
  it('never writes a secret, wherever it stands in the fields', () => {
    const lines: string[] = [];
    const stream = new Writable({
      write: (chunk, _, done) => {
        lines.push(String(chunk));
        done();
      },
    });
    const logger = createLogger('test', 'info', stream);
    logger.info({ secretKey: 's3cr3t', details: { secretKey: 's3cr3t' }, a: { b: { token: 's3cr3t' } } }, 'a message');
    logger.info({ req: { headers: { authorization: 's3cr3t' } } }, 'a request');
    expect(lines.join('')).toContain('[secret]');
    expect(lines.join('')).not.toContain('s3cr3t');
  });
});

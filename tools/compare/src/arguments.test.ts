import { describe, expect, it } from 'vitest';
import { parseFlags, readSettings } from './arguments.js';

const stack = JSON.stringify({
  gatewayUrl: 'http://127.0.0.1:4000',
  accessKeyId: 'gateway-key',
  secretAccessKey: 'gateway-secret',
  mirroredBucket: 'photos',
  connector: {
    endpoint: 'http://127.0.0.1:8000',
    region: 'eu-west-1',
    accessKeyId: 'connector-key',
    secretAccessKey: 'connector-secret',
    bucket: 'target',
  },
});

const settings = (args: string[], env = {}, text: string | null = stack) => readSettings(parseFlags(args), env, text);

describe('readSettings', () => {
  it('takes both sides from the stack', () => {
    expect(settings([])).toMatchObject({
      a: { endpoint: 'http://127.0.0.1:4000', region: 'us-east-1', bucket: 'photos', accessKeyId: 'gateway-key' },
      b: {
        endpoint: 'http://127.0.0.1:8000',
        region: 'eu-west-1',
        bucket: 'target',
        secretAccessKey: 'connector-secret',
      },
      maxKeys: 1000,
      maxSamples: 50,
      deep: false,
      allowEmpty: false,
    });
  });

  it('compares the stack’s mirrored bucket with its target, any other with the same name', () => {
    expect(settings(['--bucket', 'photos']).b.bucket).toBe('target');
    expect(settings(['--bucket', 'films']).b.bucket).toBe('films');
    expect(settings(['--bucket', 'photos', '--bucket-b', 'other']).b.bucket).toBe('other');
  });

  it('lets flags win over the environment, and that over the stack', () => {
    const env = { SECRET_ACCESS_KEY_A: 'from-env', SECRET_ACCESS_KEY_B: 'from-env' };
    const { a, b } = settings(['--secret-access-key-a', 'from-flag'], env);
    expect([a.secretAccessKey, b.secretAccessKey]).toEqual(['from-flag', 'from-env']);
  });

  it('says all that is missing at once', () => {
    expect(() => settings(['--bucket', 'photos', '--endpoint-a', 'http://a'], {}, null)).toThrow(
      'missing: --access-key-id-a, --secret-access-key-a, --endpoint-b, --access-key-id-b, --secret-access-key-b',
    );
  });

  it('refuses flags it does not know, and figures that are none', () => {
    expect(() => parseFlags(['--bukket', 'photos'])).toThrow('--bukket');
    expect(() => settings(['--max-keys', '0'])).toThrow('--max-keys');
  });
});

import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { readServiceEnv, sharedEnv } from './env.js';

const schema = z.object(sharedEnv);
const good = {
  MONGODB_URL: 'mongodb://127.0.0.1/mirror?replicaSet=rs0',
  KAFKA_BROKERS: '127.0.0.1:9092, 127.0.0.1:9093',
  SERVICE_TOKEN: 'r8Kd02mXq71LpTzv',
};

describe('readServiceEnv', () => {
  it('reads what is there, and fills in the rest', () => {
    expect(readServiceEnv(schema, good)).toMatchObject({
      KAFKA_BROKERS: ['127.0.0.1:9092', '127.0.0.1:9093'],
      HOST: '127.0.0.1',
      TOPIC_PREFIX: '',
      LOCAL_STACK: false,
    });
  });

  it('says all faults at once, each with its variable', () => {
    const read = () => readServiceEnv(schema, { MONGODB_URL: 'http://x', SERVICE_TOKEN: 'short', LOG_LEVEL: 'loud' });
    expect(read).toThrow(/MONGODB_URL[\s\S]*KAFKA_BROKERS[\s\S]*SERVICE_TOKEN[\s\S]*LOG_LEVEL/);
  });

  it('takes an empty variable for a missing one', () => {
    expect(() => readServiceEnv(schema, { ...good, SERVICE_TOKEN: '' })).toThrow(/SERVICE_TOKEN/);
  });

  it.each(['changeme-changeme-changeme', 'aaaaaaaaaaaaaaaaaaaa'])(
    'refuses the secret %s, but on the local stack',
    (token) => {
      expect(() => readServiceEnv(schema, { ...good, SERVICE_TOKEN: token })).toThrow(/SERVICE_TOKEN/);
      expect(readServiceEnv(schema, { ...good, SERVICE_TOKEN: token, LOCAL_STACK: 'true' }).SERVICE_TOKEN).toBe(token);
    },
  );
});

import { describe, expect, it } from 'vitest';
import { configEnv, readConfigEnv } from './env.js';

const variables = {
  MONGODB_URL: 'mongodb://127.0.0.1:27017/mirror',
  KAFKA_BROKERS: '127.0.0.1:9092',
  SERVICE_TOKEN: 'zk9VtqY2mB7wLr4XhC',
  MASTER_KEY: 'pT1mY0n3b6mJqWqv3N0kXo4v2m8cF1yZ7uQ9sR5dL2E=',
};

describe('the environment of config', () => {
  it('has defaults for all that is no secret', () => {
    const env = readConfigEnv(variables);
    expect(env).toMatchObject({ PORT: 4100, POLLER_URL: 'http://127.0.0.1:4200', LOCAL_STACK: false });
    expect(env.BOOTSTRAP_ADMIN_TOKEN).toBeUndefined();
  });

  it('takes a slash off the end of a service address', () => {
    expect(readConfigEnv({ ...variables, POLLER_URL: 'http://poller:4200/' }).POLLER_URL).toBe('http://poller:4200');
  });

  it.each([
    ['MASTER_KEY', 'c2hvcnQ='],
    ['MASTER_KEY', 'not base64'],
    ['SERVICE_TOKEN', 'short'],
    ['BOOTSTRAP_ADMIN_TOKEN', 'short'],
    ['POLLER_URL', 'poller:4200'],
    ['LOCAL_STACK', 'yes'],
    ['PORT', '70000'],
  ])('names %s when it is %j', (name, value) => {
    expect(() => readConfigEnv({ ...variables, [name]: value })).toThrow(name);
  });

  it.each([
    ['SERVICE_TOKEN', 'change-me-change-me'],
    ['BOOTSTRAP_ADMIN_TOKEN', 'admin-admin-admin-1'],
    ['MASTER_KEY', `${'A'.repeat(43)}=`],
  ])('refuses a guessable %s, except in the local stack', (name, value) => {
    expect(() => readConfigEnv({ ...variables, [name]: value })).toThrow(name);
    expect(readConfigEnv({ ...variables, [name]: value, LOCAL_STACK: 'true' })).toMatchObject({ [name]: value });
  });

  it('describes every variable', () => {
    const missing = Object.entries(configEnv.shape).filter(([, schema]) => !schema.description);
    expect(missing).toEqual([]);
  });
});

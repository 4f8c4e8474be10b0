import { expect, test } from 'vitest';
import { runClient } from './run-client.js';

test('a client that is not installed is a failure that names its package', async () => {
  const run = runClient('aws', ['--version'], { PATH: '/nowhere' });
  await expect(run).rejects.toThrow(
    'aws is not installed, and this test is nothing without it: apt-get install -y awscli',
  );
});

test('a client that fails is quoted', async () => {
  await expect(runClient('curl', ['--no-such-flag'])).rejects.toThrow('--no-such-flag');
});

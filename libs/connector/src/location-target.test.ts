import { expect, it } from 'vitest';
import { locationTarget } from './location-target.js';

it('the target of a location has its bucket, its keys and its revision, and nothing else', () => {
  const keys = { accessKey: 'a', secretKey: 's' };
  const told = {
    name: 'ring',
    endpoint: 'http://127.0.0.1:1',
    region: 'eu',
    bucketName: 'photos',
    ...keys,
    revision: '7',
  };
  expect(locationTarget('ring', told)).toEqual({
    endpoint: 'http://127.0.0.1:1',
    region: 'eu',
    bucket: 'photos',
    accessKeyId: 'a',
    secretAccessKey: 's',
    revision: '7',
  });
});

it('a location that the config service does not know is waited for', () => {
  expect(() => locationTarget('ring', null)).toThrow(
    expect.objectContaining({
      name: 'TransientError',
      code: 'LOCATION.UNKNOWN',
      message: expect.stringContaining('ring'),
    }),
  );
});

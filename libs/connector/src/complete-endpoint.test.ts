import { describe, expect, it } from 'vitest';
import { completeEndpoint } from './complete-endpoint.js';

describe('an endpoint as an operator writes it', () => {
  it.each([
    ['s3.example', 'https://s3.example', 'https', 'http://s3.example'],
    ['10.0.0.5', 'https://10.0.0.5', 'https', 'http://10.0.0.5'],
    ['fd00::5', 'https://[fd00::5]', 'https', 'http://[fd00::5]'],
    [' s3.example ', 'https://s3.example', 'https', 'http://s3.example'],
  ])('%s is tried over https, with http as the alternative', (text, url, assumed, alternative) => {
    expect(completeEndpoint(text)).toEqual({ url, assumed, alternative });
  });

  it.each([
    ['s3.example:443', 'https://s3.example', 'https'],
    ['127.0.0.1:8000', 'http://127.0.0.1:8000', 'http'],
    ['localhost:8000', 'http://localhost:8000', 'http'],
    ['s3.example:80', 'http://s3.example', 'http'],
    ['[::1]:8000', 'http://[::1]:8000', 'http'],
    ['http://s3.example/', 'http://s3.example', null],
    ['https://s3.example:8443', 'https://s3.example:8443', null],
    ['HTTPS://S3.Example', 'https://s3.example', null],
  ])('%s is complete: %s', (text, url, assumed) => {
    expect(completeEndpoint(text)).toEqual({ url, assumed });
  });

  it.each([
    ['2130706433:8000', 'http://127.0.0.1:8000'],
    ['0x7f.1:8000', 'http://127.0.0.1:8000'],
    ['http://0177.0.0.1', 'http://127.0.0.1'],
    ['http://127.0.0.1.:8000', 'http://127.0.0.1:8000'],
    ['http://[::ffff:127.0.0.1]', 'http://[::ffff:7f00:1]'],
  ])('%s is shown as what it means: %s', (text, url) => {
    expect(completeEndpoint(text).url).toBe(url);
  });

  it.each([
    ['', /empty/],
    ['https://user:secret@s3.example', /user information/],
    ['user@s3.example', /user information/],
    ['s3.example/bucket', /path/],
    ['http://s3.example/a/b', /path/],
    ['http://s3.example?x=1', /query/],
    ['http://s3.example#top', /query/],
    ['ftp://s3.example', /scheme ftp/],
    ['s3 example', /white space/],
    ['http:\\\\s3.example', /backslash/],
    ['s3.example:99999', /no host name/],
    ['s3.example:0', /port 0/],
    ['http://', /no host name/],
  ])('%j is refused with a hint', (text, what) => {
    expect(() => completeEndpoint(text)).toThrow(
      expect.objectContaining({
        code: 'ENDPOINT.INVALID',
        message: expect.stringMatching(what),
        hint: expect.stringMatching(/\w/),
      }),
    );
  });

  it('repeats no secret that was written into it', () => {
    expect(() => completeEndpoint('https://user:hunter2@s3.example')).toThrow(
      expect.objectContaining({ message: expect.not.stringContaining('hunter2') }),
    );
  });
});

import { aws, rclone, s3cmd, type ToolAccess } from '@mirror/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Comparison } from './harness/comparison.js';

/** What command line clients print of the gateway, line by line beside what they print of the connector. */

const PAGE = 7;
const IN_PAGES = ['--fast-list', '--use-server-modtime', '--s3-list-chunk', String(PAGE)];
const sides = new Comparison();

beforeAll(async () => {
  await sides.start();
  expect(sides.keys).toBeGreaterThan(1_000);
});
afterAll(() => sides.stop());

/** Both ends' output in lines; some of them, at least. */
async function both(work: (access: ToolAccess) => Promise<string>): Promise<[ours: string[], theirs: string[]]> {
  const [left, right] = await Promise.all([work(sides.ours), work(sides.theirs)]);
  const [leftLines, rightLines] = [left.split('\n'), right.split('\n')];
  expect(rightLines.length).toBeGreaterThan(1);
  return [leftLines, rightLines];
}

describe('aws s3 ls', () => {
  it.each([
    [' --recursive', '', ['--recursive']],
    ['photos/2026/ --recursive', 'photos/2026/', ['--recursive']],
    ['', '', []],
    ['deep/3/', 'deep/3/', []],
    ['café/été', 'café/été', []],
    ['sums/1+1', 'sums/1+1', []],
  ])('s3://BUCKET/%s', async (_title, path, flags) => {
    const list = (access: ToolAccess) =>
      aws(access, 's3', 'ls', `s3://${access.bucket}/${path}`, '--page-size', String(PAGE), ...flags);
    const [left, right] = await both(list);
    expect(left).toEqual(right);
  });
});

/** Owners differ: accounts are not mirrored. */
function withoutOwner(json: string): string {
  const drop = (name: string, value: unknown) => (name === 'Owner' ? undefined : value);
  return JSON.stringify(JSON.parse(json, drop), null, 1);
}

describe('aws s3api', () => {
  it.each([
    ['list-object-versions', []],
    ['list-object-versions', ['--prefix', 'hot/']],
    ['list-object-versions', ['--delimiter', '/']],
    ['list-object-versions', ['--prefix', 'photos/2026/', '--delimiter', '/']],
    ['list-objects-v2', ['--delimiter', '/']],
    ['list-objects-v2', ['--prefix', 'emoji/']],
    ['list-objects', ['--prefix', 'Case/']],
    ['list-objects', ['--delimiter', '/']],
  ])('%s %j', async (operation, options) => {
    const list = async (access: ToolAccess) => {
      const paging = ['--page-size', String(PAGE), '--output', 'json'];
      return withoutOwner(await aws(access, 's3api', operation, '--bucket', access.bucket, ...paging, ...options));
    };
    const [left, right] = await both(list);
    expect(left).toEqual(right);
  });
});

/** Folders have no time in S3: rclone gives them that of its own start. */
const withoutOwnTimes = (lines: string): string => lines.replaceAll(/\/;-1;.*$/gm, '/');

describe('rclone lsf -R', () => {
  it.each([
    ['--s3-versions', ['--s3-versions']],
    ['--s3-versions, with sizes and times, in pages of 7', ['--s3-versions', '--format', 'pst', ...IN_PAGES]],
    ['without versions', []],
  ])('%s', async (_title, flags) => {
    const list = async (access: ToolAccess) =>
      withoutOwnTimes(await rclone(access, 'lsf', '-R', ...flags, `end:${access.bucket}`));
    const [left, right] = await both(list);
    expect(right.length).toBeGreaterThan(sides.keys);
    expect(left).toEqual(right);
  });
});

describe('s3cmd ls -r', () => {
  it.each(['', 'photos/2026/', 'sums/1+1=2, 50%'])('s3://BUCKET/%s', async (path) => {
    const list = (access: ToolAccess) => s3cmd(access, 'ls', '-r', `s3://${access.bucket}/${path}`);
    const [left, right] = await both(list);
    expect(left).toEqual(right);
  });
});

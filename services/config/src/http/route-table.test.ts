import { describe, expect, it } from 'vitest';
import { RouteTable } from './route-table.js';

const table = new RouteTable();
table.add('GET', '/v1/locations');
table.add(['HEAD', 'PATCH'], '/v1/locations/:name');
table.add('POST', '/v1/locations/:name/check');
table.add('GET', '/openapi.json');

describe('the methods of an address', () => {
  it.each([
    ['/v1/locations', ['GET']],
    ['/v1/locations?limit=1', ['GET']],
    ['/v1/locations/ring%20paris', ['HEAD', 'PATCH']],
    ['/v1/locations/a/check', ['POST']],
    ['/v1/locations/a/b', []],
    ['/openapixjson', []],
    ['/', []],
  ])('of %s are %j', (url, methods) => {
    expect(table.allowed(url)).toEqual(methods);
  });
});

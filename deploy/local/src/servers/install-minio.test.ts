import { expect, test } from 'vitest';
import { digestModules } from './install-minio.js';

const output = (sum: string) =>
  `minio: go1.26\n\tpath\tx\n\tmod\tx\tv1\t${sum}\n\tdep\ty\tv2\th1:b=\n\tbuild\tCGO_ENABLED=0\n`;

test('the digest changes with any hash of a module, and not with the compiler', () => {
  expect(digestModules(output('h1:a='))).toBe(digestModules(output('h1:a=').replace('go1.26', 'go1.27')));
  expect(digestModules(output('h1:a='))).not.toBe(digestModules(output('h1:c=')));
});

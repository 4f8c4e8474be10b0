import { expect, it } from 'vitest';
import { replaceSection } from './results-file.js';

const head = '# Results\n';

it('adds a section at the end, and replaces it the next time', () => {
  const once = replaceSection(head, 'visible', '## Visible\n\n1 s\n');
  expect(once).toBe('# Results\n\n<!-- begin visible -->\n## Visible\n\n1 s\n<!-- end visible -->\n');
  const both = replaceSection(once, 'scan', '## Scan');
  const again = replaceSection(both, 'visible', '## Visible\n\n$& 2 s');
  expect(again).toBe(both.replace('1 s', () => '$& 2 s'));
});

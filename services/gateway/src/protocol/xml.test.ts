import { describe, expect, it } from 'vitest';
import { errorDocument, escapeXml, group, tag, xmlDocument } from './xml.js';

describe('escapeXml', () => {
  it.each([
    ['a<b>&"c"', 'a&lt;b&gt;&amp;&quot;c&quot;'],
    ["it's", "it's"],
    ['\u0001\u001f\u007f', '&#x1;&#x1F;&#x7F;'],
    ['line\r\nend\t', 'line&#xD;\nend\t'],
    ['\uffff\ufffe', '&#xFFFF;&#xFFFE;'],
    ['é \u{1f600} \ue000', 'é \u{1f600} \ue000'],
  ])('%j is %s', (text, escaped) => {
    expect(escapeXml(text)).toBe(escaped);
  });
});

it('documents are in S3 namespace, errors in none', () => {
  expect(xmlDocument('A', tag('B', 1), group('C', tag('D', false)))).toBe(
    '<?xml version="1.0" encoding="UTF-8"?>\n' +
      '<A xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><B>1</B><C><D>false</D></C></A>',
  );
  expect(errorDocument({ Code: 'X', Message: '<' })).toMatch(
    /<Error><Code>X<\/Code><Message>&lt;<\/Message><\/Error>$/,
  );
});

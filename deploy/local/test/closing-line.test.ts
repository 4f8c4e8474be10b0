import { expect, test } from 'vitest';
// @ts-expect-error plain JavaScript, for it runs before anything is installed
import { ClosingLine } from '../closing-line.mjs';

function run(chunks: string[], exitCode: number): { text: string; code: number } {
  let text = '';
  const closing = new ClosingLine({
    write: (more: string) => {
      text += more;
    },
  });
  for (const chunk of chunks) closing.write(chunk);
  return { code: closing.finish(exitCode), text };
}

test('the closing line comes last, whatever is written after it', () => {
  expect(run(['a\n3 pas', 'sed, 0 failed\nclosing\n', 'late'], 0)).toEqual({
    code: 0,
    text: 'a\nclosing\nlate\n3 passed, 0 failed\n',
  });
});

test('a run that fails without a failed test, or says nothing at all, counts as one failure', () => {
  expect(run(['3 passed, 0 failed\n'], 1)).toEqual({ code: 1, text: '3 passed, 1 failed\n' });
  expect(run([], 0)).toEqual({ code: 1, text: '0 passed, 1 failed\n' });
});

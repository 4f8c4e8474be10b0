import { expect, test } from 'vitest';
import { sayProblem } from './say-problem.js';

const say = (problem: object) => sayProblem('POST /v1/locations', 422, JSON.stringify(problem));

test('each prerequisite that is not met is said with its hint, and no other', () => {
  const checks = [
    { name: 'endpoint', ok: true, detail: 'It answers.', hint: '' },
    { name: 'versioning', ok: false, detail: 'Versioning is off.', hint: 'Enable it.' },
    { name: 'write', ok: null, detail: 'Not tried.', hint: '' },
  ];
  const said = say({ detail: 'versioning: Versioning is off.', hint: 'Mend it.', checks });
  expect(said).toBe('These prerequisites are not met:\n  versioning: Versioning is off.\n    Enable it.');
});

test('another refusal is its detail and its hint', () => {
  expect(say({ detail: 'The bucket is mirrored already.', hint: 'Choose another.' })).toBe(
    'The bucket is mirrored already.\n    Choose another.',
  );
});

test('what is no problem document is shown as it came', () => {
  expect(sayProblem('GET /', 502, '<html>')).toBe('GET / answered 502: <html>');
});

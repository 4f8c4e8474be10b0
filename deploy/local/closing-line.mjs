/**
 * Passes the output of a test run through, but for the line `N passed, N failed`, which it writes when the run has ended:
 * whatever the runner still says while it closes comes before it.
 */
export class ClosingLine {
  #out;
  #rest = '';
  #counts = null;

  constructor(out) {
    this.#out = out;
  }

  write(text) {
    const lines = (this.#rest + text).split('\n');
    this.#rest = lines.pop() ?? '';
    for (const line of lines) this.#pass(line);
  }

  /** Writes the closing line and answers the exit code: a run that failed without a failed test counts as one. */
  finish(exitCode) {
    if (this.#rest !== '') this.#pass(this.#rest);
    const { passed, failed } = this.#counts ?? { passed: 0, failed: 0 };
    const counted = failed === 0 && (exitCode !== 0 || this.#counts === null) ? 1 : failed;
    this.#out.write(`${passed} passed, ${counted} failed\n`);
    return counted === 0 ? 0 : 1;
  }

  #pass(line) {
    const match = /^(\d+) passed, (\d+) failed$/.exec(line);
    if (match === null) this.#out.write(`${line}\n`);
    else this.#counts = { passed: Number(match[1]), failed: Number(match[2]) };
  }
}

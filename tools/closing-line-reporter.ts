import type { Reporter, TestModule, TestSpecification } from 'vitest/node';

/** Prints the one line that a CI reads last: `N passed, N failed`. A file that did not load counts as a failure. */
export default class ClosingLineReporter implements Reporter {
  onTestRunEnd(modules: ReadonlyArray<TestModule>, unhandled: ReadonlyArray<unknown>): void {
    let passed = 0;
    let failed = unhandled.length;
    for (const module of modules) {
      failed += module.errors().length;
      for (const test of module.children.allTests()) {
        if (test.result().state === 'passed') passed += 1;
        else failed += 1; // skipped is failed: no real server to be had is no success
      }
    }
    process.stdout.write(`\n${passed} passed, ${failed} failed\n`);
  }
  onTestRunStart(_specifications: ReadonlyArray<TestSpecification>): void {}
}

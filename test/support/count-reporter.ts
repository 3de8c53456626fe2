import type { Reporter, TestModule } from 'vitest/node';

/** Ends the output with `N passed, N failed`, the one line that every CI can read. */
export default class CountReporter implements Reporter {
  onTestRunEnd(modules: readonly TestModule[], errors: readonly unknown[]): void {
    const states = modules.flatMap((module) => [...module.children.allTests()].map((test) => test.result().state));
    // A file that could not even be loaded counts as one failure, and so does an error outside any test.
    const broken = modules.filter(
      (module) => module.state() === 'failed' && !module.children.allTests('failed').next().value,
    );
    const passed = states.filter((state) => state === 'passed').length;
    const failed = states.filter((state) => state === 'failed').length + broken.length + errors.length;
    const skipped = states.filter((state) => state === 'skipped').length;
    console.log(`\n${passed} passed, ${failed} failed${skipped === 0 ? '' : `, ${skipped} skipped`}`);
  }
}

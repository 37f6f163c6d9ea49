/** The vitest reporter of this repository's tests. */
import type { Reporter, TestModule } from "vitest/node";

/** Ends a run with one plain line, "N passed, N failed". Errors outside tests count as failed. */
export class ClosingLine implements Reporter {
  onTestRunEnd(modules: readonly TestModule[], unhandledErrors: readonly unknown[]): void {
    const tests = modules.flatMap((module) => [...module.children.allTests()]);
    const inState = (state: string) => tests.filter((test) => test.result().state === state).length;
    const outside = modules
      .flatMap((module) => [module, ...module.children.allSuites()])
      .flatMap((suite) => suite.errors());

    const skipped = inState("skipped") + inState("pending");
    if (skipped > 0) console.log(`${skipped} skipped`);
    console.log(
      `${inState("passed")} passed, ${inState("failed") + outside.length + unhandledErrors.length} failed`,
    );
  }
}

/** Order of the test files. */
import { BaseSequencer, type TestSpecification } from "vitest/node";

/** The tests that every engine must pass take long and are short to write: by size alone they are last. */
const LONG = /\/test\/conformance\//;

/** Starts with the files that take long, so that no worker is left with one of them at the end. */
export class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const isLong = ({ moduleId }: TestSpecification) => Number(LONG.test(moduleId));
    return (await super.sort(files)).toSorted((a, b) => isLong(b) - isLong(a));
  }
}

/** What a row of the matrix is. */
import type { Browser } from "playwright";
import type { Project } from "./project.js";
import type { Expected, Report } from "./report.js";

/** A way to use the package that somebody has. */
export interface Consumer {
  readonly name: string;
  /** Packages that it needs from the registry, each in the version that is tried. */
  readonly packages: readonly string[];
  /** Makes what is tried in the project, and yields each attempt. */
  attempts(project: Project, chrome: () => Promise<Browser>): AsyncGenerator<Attempt>;
}

/** One use of the package. */
export interface Attempt {
  /** What distinguishes it from other attempts of the consumer, such as "isolated". */
  readonly where: string;
  /** What its report must say, if it makes one. */
  readonly expected?: Expected;
  /** Runs it. Throws what went wrong. */
  run(): Promise<Report | undefined>;
}

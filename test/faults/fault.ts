/** Something that goes wrong while smigh works, and its outcome. */

/**
 * - recovered: the right result all the same
 * - named: an error of smigh's, or a line of the command, says what happened
 * - unclear: any other error
 * - silent: a wrong result or a lost file, without any error
 * - hang: no outcome in time
 * - leak: memory, buffers, threads or files remained, or the next fit failed
 */
export const OUTCOMES = ["recovered", "named", "unclear", "silent", "hang", "leak"] as const;
export type Outcome = (typeof OUTCOMES)[number];

export interface Fault {
  readonly name: string;
  /** Its kind, a key of `KINDS`. */
  readonly item: number;
  run(): Promise<Outcome>;
}

/** The kinds of faults, numbered as in the list where they were first written down. */
export const KINDS: Readonly<Record<number, string>> = {
  13: "Files of other shapes than the model's",
  14: "Aborted and abandoned fits",
  15: "The caller's arrays change during training",
  16: "Memory and threads that are given back",
  17: "Hidden tabs",
  18: "WebGPU's errors, and devices that are lost or shared",
  19: "Calls that throw or never answer",
  20: "Engines that do not open, or fail before the first step",
  21: "Files, pipes and signals of the command",
  22: "Compressed bombs",
  23: "Hostile model files",
  24: "Callbacks that reject",
};

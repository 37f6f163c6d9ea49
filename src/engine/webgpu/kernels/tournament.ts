/**
 * Finds the fastest of several kernels by running them. A submission takes as long as its blocks and a round
 * trip, which is longer than most blocks: what counts is the difference between submissions of many blocks
 * and of few. Two candidates take turns, so that a change of the device's clock meets both.
 */
import { DeviceError } from "../../../core/errors.js";
import type { KernelChoice } from "./choice.js";

/** A candidate, compiled and with its buffers. */
export interface Candidate {
  readonly choice: KernelChoice;
  /** Most blocks that `run` takes. */
  readonly most: number;
  /** Runs blocks in one submission, and waits for the device. */
  run(blocks: number): Promise<void>;
  release(): void;
}

/** Milliseconds of timing after which no further candidate is tried, and of compiling and timing in all. */
const BUDGET_MS = 300;
const PATIENCE_MS = 3000;
/** Least milliseconds that a long submission takes longer than a short one, and its blocks as a factor. */
const LEAST_MS = 3;
const LONGER = 4;
/** Pairs of a short and a long submission for each of two candidates. The median counts. */
const ROUNDS = 3;
/** The first candidate stays unless another takes less than this share of its time: less may be noise. */
const MARGIN = 0.95;

/**
 * Returns the fastest. Leaves out candidates that fail; if all do, throws the error of the first.
 *
 * @param check - throws if the device can run no candidate
 */
export async function fastest(
  candidates: readonly KernelChoice[],
  open: (choice: KernelChoice) => Promise<Candidate>,
  check: () => void,
): Promise<KernelChoice> {
  const began = performance.now();
  const failures: DeviceError[] = [];
  let best: Candidate | undefined;
  let blocks = 1;
  let spent = 0;
  try {
    for (const choice of candidates) {
      if (best && (spent > BUDGET_MS || performance.now() - began > PATIENCE_MS)) break;
      let challenger: Candidate | undefined;
      try {
        challenger = await open(choice);
        await challenger.run(1); // the first run may compile
        const from = performance.now();
        if (best) blocks = await countBlocks(best, blocks);
        const share = best ? await compare(best, challenger, blocks) : 0;
        spent += performance.now() - from;
        if (share < (best?.choice === candidates[0] ? MARGIN : 1)) [best, challenger] = [challenger, best];
      } catch (error) {
        check();
        if (!(error instanceof DeviceError)) throw error;
        failures.push(error);
      } finally {
        challenger?.release();
      }
    }
  } finally {
    best?.release();
  }
  if (!best) throw failures[0];
  return best.choice;
}

/** Returns how many blocks a short submission needs, so that a long one takes long enough. */
async function countBlocks(one: Candidate, atLeast: number): Promise<number> {
  let blocks = atLeast;
  while (2 * LONGER * blocks <= one.most && (await difference(one, blocks)) < LEAST_MS) blocks *= 2;
  return blocks;
}

/** Returns the time of a block of `other` as a share of that of `one`. */
async function compare(one: Candidate, other: Candidate, blocks: number): Promise<number> {
  const short = Math.min(blocks, Math.max(1, Math.floor(other.most / LONGER)));
  const times: [number[], number[]] = [[], []];
  for (let round = 0; round < ROUNDS; round++)
    for (const [n, candidate] of [one, other].entries()) times[n].push(await difference(candidate, short));
  const [mine, others] = times.map(median);
  return mine > 0 && others > 0 ? others / mine : 1; // else noise hides both
}

/** Returns by how many milliseconds a long submission takes longer than a short one, of `blocks` blocks. */
async function difference({ run }: Candidate, blocks: number): Promise<number> {
  const began = performance.now();
  await run(blocks);
  const between = performance.now();
  await run(LONGER * blocks);
  return performance.now() - between - (between - began);
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[values.length >> 1];
}

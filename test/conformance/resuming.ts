/**
 * A training that is interrupted anywhere and goes on from its state ends with the same bits, on every engine
 * and by every solver.
 */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { randomIntegers } from "../../src/core/random.js";
import { Stopwatch } from "../../src/core/stopwatch.js";
import { Warnings } from "../../src/core/warnings.js";
import type { Engine } from "../../src/engine/engine.js";
import type { FirstOrderState } from "../../src/solvers/minibatch/descend.js";
import type { SecondOrderState } from "../../src/solvers/optimum/minimise.js";
import type { Outcome } from "../../src/solvers/solver.js";
import { startFirstOrder } from "../../src/train/first-order.js";
import { type Start, startSecondOrder } from "../../src/train/optimise.js";
import type { TrainOptions } from "../../src/train/option-table.js";
import { parseOptions } from "../../src/train/options.js";
import { type PreparedTask, prepareTask } from "../../src/train/prepare.js";
import { createTask } from "../../src/train/problem.js";
import { clouds } from "../support/examples.js";
import { LONG } from "../support/long.js";

/** Interruptions that are tried for each solver, besides the last possible one. */
const INTERRUPTIONS = LONG ? 3 : 1;

type Case = TrainOptions<number> & {
  readonly features: number;
  readonly classes: number;
  /** Rows. Default 240. */
  readonly count?: number;
};

const few = { features: 5, classes: 3 };
/** More weights than a dense Hessian is computed for at once: 51 × 8. */
const many = { features: 50, classes: 8 };
/** Rows enough for a sample of them to bound the distance, and too many weights for a dense Hessian. */
const sampled = { features: 12, classes: 8, count: 4096 };
const patient = { validation: 0.2, patience: 3, epochs: 6, batchSize: 40, learningRate: 0.3 };

const FIRST_ORDER: Readonly<Record<string, Case>> = {
  gd: { ...few, solver: "gd", epochs: 9, learningRate: 0.5 },
  sgd: { ...few, ...patient, solver: "sgd" },
  "sgd with momentum": { ...few, ...patient, solver: "sgd", momentum: 0.9, nesterov: true },
  "sgd with importance sampling": { ...few, solver: "sgd", sampling: "importance", epochs: 6, batchSize: 40 },
  adam: { ...few, ...patient, solver: "adam" },
  "adam with many weights": { ...many, ...patient, solver: "adam" },
  adamw: { ...few, ...patient, solver: "adamw", labelSmoothing: 0.1 },
};

const SECOND_ORDER: Readonly<Record<string, Case>> = {
  lbfgs: { ...few, solver: "lbfgs", l2: 1e-4, tolerance: 1e-9 },
  "lbfgs with validation": { ...few, solver: "lbfgs", l2: 1e-5, validation: 0.2, patience: 9 },
  "lbfgs with smoothed labels": { ...few, solver: "lbfgs", l2: 1e-4, labelSmoothing: 0.1, tolerance: 1e-9 },
  "lbfgs with many weights": { ...many, solver: "lbfgs", l2: 1e-4, tolerance: 1e-6 },
  "lbfgs with a sample of the rows": { ...sampled, solver: "lbfgs", l2: 1e-6, tolerance: 1e-6 },
  "lbfgs with l1": { ...few, solver: "lbfgs", l1: 1e-3, tolerance: 1e-9 },
  "lbfgs with l1 and many weights": { ...many, solver: "lbfgs", l1: 1e-3, tolerance: 1e-6 },
  newton: { ...few, solver: "newton", l2: 1e-5, tolerance: 1e-9 },
  "newton with many weights": { ...many, solver: "newton", l2: 1e-3, tolerance: 1e-6 },
};

/** `afresh` is how often second-order solvers evaluate from scratch in these tests. */
export function resuming(name: string, open: () => Promise<Engine>, afresh: number): void {
  describe(`${name} goes on from a state to the same bits`, () => {
    let engine: Engine;
    beforeAll(async () => {
      engine = await open();
    });
    afterAll(() => engine.close());

    test.each(Object.entries(FIRST_ORDER))("by %s", async (_, options) => {
      const states = await interrupted(engine, options, startFirstOrder, 1);
      expect(states.length).toBeGreaterThan(8);
      expect(states.some(({ taken }) => taken > 0)).toBe(true);
    });

    test.each(Object.entries(SECOND_ORDER))("by %s", async (_, options) => {
      const states = await interrupted<SecondOrderState>(engine, options, startSecondOrder, afresh);
      expect(states.length).toBeGreaterThan(1);
    });
  });
}

/** How `startFirstOrder` and `startSecondOrder` are called here. */
type Starter<S> = (
  task: PreparedTask<number>,
  placement: Awaited<ReturnType<Engine["place"]>>,
  run: {
    readonly clock: Stopwatch;
    readonly from?: S;
    readonly states?: { isDue(iteration: number): boolean; take(state: S): void };
  },
) => Promise<Start>;

/**
 * Trains once and takes the state at every chance, then goes on from some of these states. Returns all of
 * them.
 */
async function interrupted<S extends FirstOrderState | SecondOrderState>(
  engine: Engine,
  options: Case,
  start: Starter<S>,
  every: number,
): Promise<readonly S[]> {
  const states: S[] = [];
  const asked: number[] = [];
  const isDue = (iteration: number) => {
    asked.push(iteration);
    return true;
  };
  const straight = await outcomeOf(engine, options, start, {
    states: { isDue, take: (state) => void states.push(structuredClone(state)) },
  });
  expect(asked.every((iteration) => iteration % every === 0)).toBe(true);
  expect(await outcomeOf(engine, options, start, {})).toEqual(straight); // taking states changes nothing
  const random = randomIntegers(states.length);
  for (let n = 0; n < INTERRUPTIONS; n++) {
    const from = states[random() % states.length];
    expect(await outcomeOf(engine, options, start, { from })).toEqual(straight);
  }
  // The last state of a run is often of another method than the first ones.
  expect(await outcomeOf(engine, options, start, { from: states[states.length - 1] })).toEqual(straight);
  return states;
}

/** Trains, and returns the outcome without its times. */
async function outcomeOf<S>(
  engine: Engine,
  options: Case,
  start: Starter<S>,
  run: Omit<Parameters<Starter<S>>[2], "clock">,
): Promise<Outcome> {
  const task = await taskOf(options);
  const placement = await engine.place(task.rows);
  const started = await start(task, placement, { ...run, clock: new Stopwatch() });
  try {
    let step = await started.steps.next();
    while (!step.done) step = await started.steps.next();
    const history = step.value.history.map((one) => ({ ...one, elapsed: 0 }));
    return { ...step.value, history };
  } finally {
    started.release();
    placement.release();
  }
}

function taskOf({ features, classes, count = 240, ...options }: Case) {
  return prepareTask(
    createTask(clouds(count, features, classes, 0.5, 3), parseOptions(options), new Warnings()),
  );
}

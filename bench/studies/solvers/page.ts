/** The page of `solvers.ts`: runs the solvers that the driver asks for. */
import { loadMnist } from "../../page/shared/mnist.js";
import { optimise } from "./optimum.js";
import { firstOrderFinish, secondOrderFinish, tfjsFinish } from "./race.js";
import { solveSet } from "./sets.js";

const mnist = loadMnist(new URL("../../mnist/", document.baseURI).href, () => {});

const solvers = {
  optimise: async (engine: "wasm" | "webgpu", tolerance: number) =>
    optimise(engine, tolerance, (await mnist).train),
  secondOrder: async (solver: "lbfgs" | "newton") => secondOrderFinish(solver, await mnist),
  firstOrder: async (solver: "gd" | "sgd" | "adam") => firstOrderFinish(solver, await mnist),
  tfjs: async (optimizer: "sgd" | "adam") => tfjsFinish(optimizer, await mnist),
  solveSet,
};

declare global {
  interface Window {
    /** Called by the driver. */
    solvers: typeof solvers;
  }
}

window.solvers = solvers;

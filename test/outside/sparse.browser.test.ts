/** Weights that are exactly 0, by WebGPU. */
import { SPARSE } from "../support/optima.js";
import { reachesOptima } from "./sparse.js";

reachesOptima(
  "webgpu",
  SPARSE.filter(({ kind }) => kind === "standardised"),
);

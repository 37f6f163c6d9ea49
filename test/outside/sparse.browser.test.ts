/** Checks on WebGPU that fits with l1 have weights that are exactly 0. */
import { SPARSE } from "../support/optima.js";
import { reachesOptima } from "./sparse.js";

reachesOptima(
  "webgpu",
  SPARSE.filter(({ kind }) => kind === "standardised"),
);

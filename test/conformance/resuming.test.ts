/**
 * Trainings that go on from a state, on the reference and the wasm engine.
 * F is evaluated from scratch every second iteration here.
 */
import { vi } from "vitest";
import { referenceEngine } from "../../src/engine/reference/engine.js";
import { wasmEngine } from "../support/engines.js";
import { resuming } from "./resuming.js";

vi.mock("../../src/solvers/optimum/afresh.js", () => ({ AFRESH: 2 }));

resuming("the reference engine", () => Promise.resolve(referenceEngine()), 2);
resuming("the wasm engine", () => wasmEngine(), 2);

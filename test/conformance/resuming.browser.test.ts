/**
 * Trainings that go on from a state, on the WebGPU engine.
 * F is evaluated from scratch every second iteration here.
 */
import { vi } from "vitest";
import { webgpuEngine } from "../support/engines.js";
import { resuming } from "./resuming.js";

vi.mock("../../src/solvers/optimum/afresh.js", () => ({ AFRESH: 2 }));

resuming("the WebGPU engine", () => webgpuEngine(), 2);

/** Runs the conformance tests on the reference engine. */
import { referenceEngine } from "../../src/engine/reference/engine.js";
import { conformance } from "./conformance.js";

conformance("the reference engine", () => Promise.resolve(referenceEngine()));

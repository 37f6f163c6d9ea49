/// <reference lib="esnext.disposable" preserve="true" />
/** Predictions for many rows, on an engine. */
import { throwIfAborted } from "../core/abort.js";
import { oneOf, parseNamed, wholeNumber } from "../core/checks.js";
import type { Label } from "../data/labels.js";
import { type Runtime, createRuntime } from "../engine/runtime.js";
import { COMPUTE_CHECKS, type ComputeOptions, EngineLogits, type UsedEngine } from "./engine-logits.js";
import { type Inputs, createInputRows } from "./inputs.js";
import { type Outputs, outputsOf } from "./outputs.js";
import type { ModelParts } from "./parts.js";

/** What a prediction returns, and how it ends early. */
export interface PredictOptions<Output extends keyof Outputs = keyof Outputs> {
  /** Default "labels". */
  readonly output?: Output | undefined;
  /** Classes of a row, for the output "top". A whole number ≥ 1, default 5. */
  readonly k?: number | undefined;
  /** Aborts the prediction, which then rejects with the signal's reason. */
  readonly signal?: AbortSignal | undefined;
}

/** Where a predictor computes. */
export type PredictorOptions = Omit<ComputeOptions, "signal">;

const { signal: checkSignal, ...PREDICTOR_CHECKS } = COMPUTE_CHECKS;
const PREDICT_CHECKS = {
  output: oneOf("labels", "top", "probabilities", "logits"),
  k: wholeNumber(1),
  signal: checkSignal,
} as const;

/**
 * Predicts for many rows on an engine, block by block, and keeps the logits of all rows only where they are
 * what is asked for. Made by `model.predictor`.
 *
 * @example
 * ```ts
 * const model = await train({ x, y });
 * const predictor = await model.predictor({ engine: "wasm" });
 * const { labels, probabilities } = await predictor.predict(x, { output: "top", k: 3 });
 * await predictor.close();
 * ```
 */
export class Predictor<L extends Label = Label> {
  readonly #model: ModelParts<L>;
  readonly #options: PredictorOptions;
  /** The predictor's own runtime. Absent where the caller gave one. */
  readonly #own: Runtime | undefined;
  #engine: UsedEngine | undefined;

  /**
   * Makes a predictor, as `model.predictor` does. The first prediction opens an engine.
   *
   * @param model the model
   * @param options where to compute
   * @throws {OptionError} for a faulty option
   */
  constructor(model: ModelParts<L>, options: PredictorOptions) {
    this.#model = model;
    const given = parseNamed(options, PREDICTOR_CHECKS);
    this.#own = given.runtime ? undefined : createRuntime();
    this.#options = { runtime: this.#own, ...given };
  }

  /** The engine of the last prediction, and why it was chosen. Undefined before the first. */
  get engine(): UsedEngine | undefined {
    return this.#engine;
  }

  /**
   * Predicts for rows of features, which must not change before the promise is settled.
   *
   * @param x rows of features, as for `model.predict`
   * @param options what to return: labels by default
   * @returns labels, the k most probable classes, probabilities or logits. They are computed in f32, but in
   * f64 by the reference engine, which "auto" takes for a few rows.
   * @throws {DataError | OptionError | DeviceError} as a rejection: as `model.predict` does, and where the
   * engine is not available, or memory does not hold what is asked for
   */
  async predict<Output extends keyof Outputs = "labels">(
    x: Inputs,
    options: PredictOptions<Output> = {},
  ): Promise<Outputs<L>[Output]> {
    const { output, k = 5, signal } = parseNamed(options, PREDICT_CHECKS);
    const rows = createInputRows(this.#model, x);
    const { [output ?? ("labels" as Output)]: collect } = outputsOf(this.#model, rows, k);
    const collector = collect();
    const logits = await EngineLogits.open(this.#model, rows, { ...this.#options, signal });
    this.#engine = logits.engine;
    try {
      for await (const { z, first } of logits.blocks()) {
        throwIfAborted(signal);
        collector.add(z, first);
      }
      return collector.result;
    } finally {
      logits.close();
    }
  }

  /**
   * Gives back the device and threads that the predictor opened, unless a runtime was given, which owns them.
   * Predictions that are under way or asked for later reject with a RuntimeClosedError.
   */
  async close(): Promise<void> {
    await this.#own?.close();
  }

  /** Closes the predictor at the end of a block that declares it with `await using`. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }
}

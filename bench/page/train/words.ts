/** Texts of the training page. */
import type { Parity, Progress } from "../../../src/index.js";
import { count, percent, rough, seconds } from "../shared/format.js";
import type { Limit } from "./job.js";
import type { Chosen, Failure, Ready, Summary } from "./protocol.js";

export interface Trouble {
  readonly title: string;
  readonly detail: string;
}

const TITLES: Readonly<Record<string, string>> = {
  OptionError: "Invalid option",
  DataError: "The digits cannot be used",
  DeviceError: "The engine is not available",
  DivergenceError: "The training diverged",
};

/** Labels of options that are not their names. */
const LABELS: Readonly<Record<string, string>> = { l2: "Penalty" };

/** Names of engines and solvers for people. */
const CHOICES: Readonly<Record<string, string>> = {
  auto: "Automatic",
  webgpu: "WebGPU",
  wasm: "WebAssembly",
  reference: "Reference",
  lbfgs: "L-BFGS",
  newton: "Newton",
  gd: "Gradient descent",
  sgd: "SGD",
  adam: "Adam",
  adamw: "AdamW",
};

/** "maxIterations" is "Max iterations". */
export function optionWords(option: string): string {
  const words = option.replaceAll(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`);
  return LABELS[option] ?? `${words.charAt(0).toUpperCase()}${words.slice(1)}`;
}

export function choiceWords(choice: string): string {
  return CHOICES[choice] ?? choice;
}

export function trouble({ name, message }: Failure): Trouble {
  const title = TITLES[name] ?? "Unexpected error";
  const advice = name === "DeviceError" ? " “Automatic” chooses one that is available." : "";
  return { title, detail: `${message}${advice}` };
}

export function readyWords({ train, test }: Ready): string {
  return `Loaded ${count(train)} training and ${count(test)} test digits.`;
}

export function autoWords({ name, adapter, why }: Chosen): string {
  return `“Automatic” is ${name} on ${adapter}: ${why}.`;
}

/** Changes once per epoch or every ten iterations, so that a screen reader can keep up. */
export function trainingWords({ epoch, iteration }: Progress, { unit, most }: Limit): string {
  if (unit === "epoch") return `Training: epoch ${epoch} of ${most}.`;
  return `Training: iteration ${Math.max(1, 10 * Math.floor(iteration / 10))} of at most ${count(most)}.`;
}

export function endWords({ completed, testExamples, seconds: taken, reason, ...summary }: Summary): string {
  const tried = `tested on ${count(testExamples)} digits that it had not seen`;
  return completed
    ? `Done: ${takenWords(summary)} in ${seconds(taken)}, and ${tried}. It ended because ${reason}.`
    : `Stopped (${reason}). The model so far was ${tried}.`;
}

/** 10 epochs, 1 iteration */
export function takenWords({ taken, limit: { unit } }: Pick<Summary, "taken" | "limit">): string {
  return `${count(taken)} ${unit}${taken === 1 ? "" : "s"}`;
}

export function engineWords({ engine }: Summary): string {
  return `Trained by ${engine.name} on ${engine.adapter}: ${engine.why}.`;
}

/** Says why WebAssembly has one thread, in a page that may not share memory. */
export function threadsWords(engine: string, isolated: boolean): string {
  if (engine !== "wasm" || isolated) return "";
  return " It has one thread only, because the page is served without the headers of cross-origin isolation.";
}

export function accuracyWords({ testAccuracy, testExamples, trainAccuracy }: Summary): string {
  const right = count(Math.round(testAccuracy * testExamples));
  return `${right} of ${count(testExamples)} correct; ${percent(trainAccuracy)} of the training digits`;
}

export function parityWords({ rho, steps, examples }: Parity): string {
  const verdict = rho < 1 ? "within the derived error bound" : "beyond the derived error bound";
  const checked = `${steps} ${steps === 1 ? "check" : "checks"}, ${count(examples)} examples`;
  return `ρ = ${rough(rho)}, ${verdict}: the worst of ${checked}.`;
}

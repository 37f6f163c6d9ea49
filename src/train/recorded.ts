/** The options that a model records of its training. */
import type { Label } from "../data/labels.js";
import type { ModelOptions, OptionValue } from "../model/parts.js";
import { solversThatRead } from "../solvers/solver-table.js";
import { OPTION_TABLE, type OptionRow } from "./option-table.js";
import type { Task } from "./problem.js";

/**
 * Returns the options that the solver read, as plain data. `l2` is there also where C was given,
 * `classWeight` is the factor of each class, and of a model or data in an option only the word is left.
 * Options that are Infinity, which means none, are left out.
 */
export function recordedOptions({
  settings,
  classFactors,
}: Pick<Task<Label>, "settings" | "classFactors">): ModelOptions {
  const { init, validation, schedule } = settings;
  const given: Readonly<Record<string, unknown>> = {
    ...settings,
    learningRate: schedule.kind === "constant" && schedule.warmup === undefined ? schedule.rate : schedule,
    init: typeof init === "string" ? init : "model",
    ...(validation !== undefined && { validation: typeof validation === "number" ? validation : "data" }),
    ...(classFactors && { classWeight: Array.from(classFactors) }),
    ...(settings.penaltyFactors && { penaltyFactors: Array.from(settings.penaltyFactors) }),
  };
  const options = Object.entries<OptionRow>(OPTION_TABLE).flatMap(([name, row]) => {
    if (row.recorded === false || !solversThatRead(name).includes(settings.solver)) return [];
    const value = given[name];
    return isPlain(value) ? [[name, value] as const] : [];
  });
  return Object.fromEntries(options);
}

function isPlain(value: unknown): value is OptionValue {
  if (typeof value === "number") return Number.isFinite(value);
  if (typeof value === "string" || typeof value === "boolean") return true;
  if (typeof value !== "object" || value === null) return false;
  return Object.values(value).every(isPlain);
}

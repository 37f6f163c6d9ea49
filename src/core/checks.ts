/**
 * Checks option values. Each check throws an OptionError that says the name, the value and what is allowed.
 */
import { OptionError } from "./errors.js";
import { show, tagOf } from "./show.js";

export interface Check {
  (name: string, value: unknown): void;
  /** The values that it accepts, where they are a few words. */
  readonly choices?: readonly string[];
}

export function fail(name: string, value: unknown, wanted: string): never {
  throw new OptionError(`${name} is ${show(value)}, and must be ${wanted}.`);
}

/** Checks the options object as a whole. Maps and arrays are rejected: no option would be read from them. */
export function checkOptions(value: unknown): void {
  if (tagOf(value) !== "Object") fail("options", value, "an object with options, or left out");
}

/**
 * Checks options by a table of checks, and leaves out those that are undefined. Throws an OptionError for one
 * that is faulty or not in the table.
 */
export function parseNamed<T extends object>(
  options: T,
  checks: { readonly [name in keyof Required<T>]: Check },
): Partial<T> {
  checkOptions(options);
  const given = { ...options };
  for (const [name, value] of Object.entries(options)) {
    if (!Object.hasOwn(checks, name)) {
      throw new OptionError(`${name} is no option here. The options are ${Object.keys(checks).join(", ")}.`);
    }
    if (value === undefined) Reflect.deleteProperty(given, name);
    else checks[name as keyof T](name, value);
  }
  return given;
}

export function oneOf(...allowed: string[]): Check {
  const check: Check = (name, value) => {
    if (typeof value !== "string" || !allowed.includes(value)) {
      fail(name, value, `one of ${allowed.map((one) => `"${one}"`).join(", ")}`);
    }
  };
  return Object.assign(check, { choices: allowed });
}

export function ofType(type: "string" | "boolean" | "function", wanted: string): Check {
  return (name, value) => {
    if (typeof value !== type) fail(name, value, wanted);
  };
}

export function wholeNumber(least: number): Check {
  return (name, value) => {
    if (!Number.isSafeInteger(value) || Number(value) < least) fail(name, value, `a whole number ≥ ${least}`);
  };
}

/** From `low` to `high`, both included. */
export function within(low: number, high: number): Check {
  return (name, value) => {
    if (!(typeof value === "number" && value >= low && value <= high)) {
      fail(name, value, `a number from ${low} to ${high}`);
    }
  };
}

export function inRange(low: number, high: number): Check {
  return (name, value) => {
    if (!(typeof value === "number" && value >= low && value < high)) {
      fail(name, value, `a number from ${low} to below ${high}`);
    }
  };
}

export function positive(name: string, value: unknown): void {
  if (!(typeof value === "number" && value > 0 && value < Infinity))
    fail(name, value, "a finite number above 0");
}

export function notNegative(name: string, value: unknown): void {
  if (!(typeof value === "number" && value >= 0 && value < Infinity))
    fail(name, value, "a finite number ≥ 0");
}

/** Checks C, the inverse penalty as in scikit-learn. Infinity means no penalty. */
export function checkC(name: string, value: unknown): void {
  if (!(typeof value === "number" && value > 0))
    fail(name, value, "a number above 0, or Infinity for no penalty");
}

/** Checks a factor for each feature. How many there must be is known when the data are. */
export function checkFactors(name: string, value: unknown): void {
  if (!isList(value)) return fail(name, value, "a list of numbers ≥ 0, one for each feature");
  for (let d = 0; d < value.length; d++) notNegative(`${name}[${d}]`, value[d]);
}

/** Checks a device by its methods, so that one of another realm, or a wrapped one, is accepted. */
export function checkAdapter(name: string, value: unknown): void {
  if (typeof value !== "string" || value.trim() === "")
    fail(name, value, '"high-performance", "low-power", or in Node part of the name of an adapter');
}

export function checkDevice(name: string, value: unknown): void {
  if (!hasMethods(value, "createBuffer", "createCommandEncoder") || !("queue" in value)) {
    fail(name, value, "a GPUDevice, as adapter.requestDevice() resolves to");
  }
}

/** Checks a signal by its tag and methods, so that one of another realm is accepted. */
export function checkSignal(name: string, value: unknown): void {
  if (tagOf(value) !== "AbortSignal" || !hasMethods(value, "addEventListener", "removeEventListener")) {
    fail(name, value, "an AbortSignal");
  }
}

function hasMethods(value: unknown, ...names: string[]): value is object {
  if (typeof value !== "object" || value === null) return false;
  return names.every((name) => typeof Reflect.get(value, name) === "function");
}

export function checkClassWeight(name: string, value: unknown): void {
  if (typeof value === "string") return oneOf("balanced")(name, value);
  if (!isMap(value) && tagOf(value) !== "Object") return fail(name, value, '"balanced", or a map of weights');
  for (const [label, weight] of isMap(value) ? value : Object.entries(Object(value))) {
    if (!["string", "number", "boolean", "bigint"].includes(typeof label)) {
      throw new OptionError(
        `${name} names ${show(label)}, which is no class: a label is a string, number or boolean.`,
      );
    }
    notNegative(`${name} of class ${String(label)}`, weight);
  }
}

/** Accepts a Map of any realm. */
export function isMap(value: unknown): value is ReadonlyMap<unknown, unknown> {
  return tagOf(value) === "Map";
}

/** True for an array, a typed array or another object with a length; false for strings and functions. */
export function isList(value: unknown): value is ArrayLike<unknown> {
  if (typeof value !== "object" || value === null) return false;
  const length: unknown = Reflect.get(value, "length");
  return typeof length === "number" && Number.isSafeInteger(length) && length >= 0;
}

export function checkFractionOrData(name: string, value: unknown): void {
  const data = typeof value === "object" && value !== null && "x" in value && "y" in value;
  const fraction = typeof value === "number" && value > 0 && value < 1;
  if (!data && !fraction) fail(name, value, "a fraction between 0 and 1, or data with x and y");
}

/**
 * Checks the starting model. Its arrays may be of any kind; their lengths must match `features` and
 * `classes`, and their numbers must be finite.
 */
export function checkInit(name: string, value: unknown): void {
  if (value === "zeros" || value === "centroids") return;
  if (typeof value !== "object" || value === null)
    return fail(name, value, '"zeros", "centroids" or a model');
  const { classes, features, weights, bias, origin }: Readonly<Record<string, unknown>> = { ...value };
  if (!isList(classes) || classes.length === 0)
    return fail(`${name}.classes`, classes, "the list of its classes");
  if (!isCount(features)) return fail(`${name}.features`, features, "a whole number ≥ 0");
  const count = classes.length;
  checkNumbers(`${name}.weights`, weights, features * count, `${features} features × ${count} classes`);
  checkNumbers(`${name}.bias`, bias, count, `${count} classes`);
  if (origin !== undefined) checkNumbers(`${name}.origin`, origin, features, `${features} features`);
}

function isCount(value: unknown): value is number {
  return typeof value === "number" && Number.isSafeInteger(value) && value >= 0;
}

/** Checks the length, and that every number is finite in f32 too, the precision that engines compute in. */
function checkNumbers(name: string, value: unknown, length: number, shape: string): void {
  if (!isList(value)) return fail(name, value, `a flat list of ${length} numbers, for ${shape}`);
  if (value.length !== length) {
    throw new OptionError(`${name} has ${value.length} values, and must have ${length}: ${shape}.`);
  }
  for (let i = 0; i < length; i++) {
    const one = value[i];
    if (typeof one !== "number" || !Number.isFinite(Math.fround(one))) {
      fail(`${name}[${i}]`, one, "a finite number that an f32 can hold");
    }
  }
}

export function checkRate(name: string, value: unknown): void {
  if (typeof value === "number") return positive(name, value);
  if (typeof value !== "object" || value === null)
    return fail(name, value, "a number, or a schedule with kind and rate");
  const schedule: Readonly<Record<string, unknown>> = { ...value };
  oneOf("constant", "step", "cosine")(`${name}.kind`, schedule["kind"]);
  positive(`${name}.rate`, schedule["rate"]);
  if (schedule["warmup"] !== undefined) notNegative(`${name}.warmup`, schedule["warmup"]);
  if (schedule["kind"] === "step") {
    positive(`${name}.every`, schedule["every"]);
    positive(`${name}.factor`, schedule["factor"]);
  }
  if (schedule["kind"] === "cosine" && schedule["final"] !== undefined)
    notNegative(`${name}.final`, schedule["final"]);
}

/** Checks the parts that a model is made of, and fills in what is not given. */
import { DataError } from "../core/errors.js";
import { show } from "../core/show.js";
import { isList } from "../core/checks.js";
import { checkColumns } from "../data/feature-names.js";
import { type Label, numberLabels } from "../data/labels.js";
import type { GivenParts, ModelParts } from "./parts.js";

/** The record of a model that no training of smigh made. */
const NOT_TRAINED = {
  options: {},
  history: [],
  converged: false,
  reason: "made of its parts, not trained",
  iterations: 0,
  warnings: [],
  engine: { name: "none", adapter: "none", kernels: "none", why: "made of its parts, not trained" },
} as const;

/**
 * Returns the parts of a model. Arrays that have the right type are not copied. Throws a DataError where
 * sizes disagree, a number is not finite, or classes are fewer than two or not distinct.
 */
export function checkParts<L extends Label>(given: GivenParts<L>): ModelParts<L> {
  if (typeof given !== "object" || given === null) {
    throw new DataError(`The parts of a model are ${show(given)}: pass { classes, weights, bias }.`);
  }
  const { classes: names, weights: w, bias: b, origin: o, ...rest } = given;
  if (!isList(names)) throw new DataError(`classes is ${show(names)}: pass an array with the label of each.`);
  const { classes } = numberLabels<L>([], names, "classes");
  const k = classes.length;
  const weights = numbers(w, "weights", Float32Array);
  const features = rest.features ?? weights.length / k;
  if (!Number.isSafeInteger(features) || features < 0 || features * k !== weights.length) {
    const wanted = rest.features === undefined ? `must have a multiple of ${k}` : `must have ${features * k}`;
    throw new DataError(
      `weights has ${weights.length} values, and with ${k} classes` +
        `${rest.features === undefined ? "" : ` and ${show(rest.features)} features`} ${wanted}: ` +
        "pass (features, classes), row by row.",
    );
  }
  const bias = b === undefined ? new Float64Array(k) : numbers(b, "bias", Float64Array, k, "classes");
  const origin = o === undefined ? undefined : numbers(o, "origin", Float64Array, features, "features");
  const { scale } = rest;
  if (scale !== undefined && !(Number.isFinite(scale) && scale !== 0)) {
    throw new DataError(`scale is ${show(scale)}, and must be a finite number other than 0.`);
  }
  const { featureNames, schema, ...others } = rest;
  const columns = checkColumns({ featureNames, schema }, features, "");
  return {
    ...NOT_TRAINED,
    ...others,
    ...columns,
    classes,
    features,
    weights,
    bias,
    ...(origin && { origin }),
  };
}

/** Returns finite numbers as an array of `Type`, the given one if it is. */
function numbers<T extends Float32Array | Float64Array>(
  given: unknown,
  name: string,
  Type: { new (values: ArrayLike<number>): T },
  length?: number,
  of = "",
): T {
  if (!isList(given)) throw new DataError(`${name} is ${show(given)}: pass an array of numbers.`);
  if (length !== undefined && given.length !== length) {
    throw new DataError(`${name} has ${given.length} values, and there are ${length} ${of}.`);
  }
  const values = given instanceof Type ? given : new Type(Array.from(given, Number));
  const bad = values.findIndex((one: number) => !Number.isFinite(one));
  if (bad < 0) return values;
  throw new DataError(
    `${name}[${bad}] is ${show(given[bad])}, and must be a finite number that fits ${values instanceof Float32Array ? "f32" : "f64"}.`,
  );
}

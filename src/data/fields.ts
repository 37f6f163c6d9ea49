/** Checks the field names of data, so that a misspelt field is not silently ignored. */
import { DataError } from "../core/errors.js";
import { show } from "../core/show.js";
import { toTypedArray } from "./arrays.js";

/** Fields that `read` returns, which say what the columns of a file became. */
const COLUMN_FIELDS = ["featureNames", "schema", "notes", "kept"];

/** The known fields. */
const FIELDS = ["x", "y", "features", "scale", "weights", "offsets", "classes", ...COLUMN_FIELDS];

/** Names that other libraries use for a field, in lower-case letters only. */
const MEANT: Readonly<Record<string, readonly string[]>> = {
  x: ["xs", "xtrain", "data", "input", "inputs", "rows"],
  y: ["ys", "ytrain", "label", "labels", "target", "targets", "output", "outputs"],
  features: ["feature", "featurecount", "nfeatures", "columns", "dimension", "dimensions"],
  scale: ["scales", "scaling", "bytescale"],
  weights: ["weight", "sampleweight", "sampleweights", "rowweight", "rowweights", "w"],
  offsets: ["offset", "basemargin", "initscore"],
  classes: ["class", "classnames", "labelnames", "targetnames", "categories"],
};

/**
 * Throws a DataError if `data` is not an object with fields, or has an unknown field. `where` prefixes field
 * names in errors: "", or "validation.".
 */
export function checkFields(data: unknown, where: string): void {
  if (typeof data !== "object" || data === null || Array.isArray(data) || toTypedArray(data)) {
    const name = where === "" ? "The data are" : `${where.slice(0, -1)} is`;
    throw new DataError(`${name} ${show(data)}: pass an object such as { x, y }.`);
  }
  for (const name of Object.keys(data)) {
    if (FIELDS.includes(name)) continue;
    const meant = suggestion(name);
    throw new DataError(
      `${where}${name} is no field of data. ` +
        (meant ? `Is ${meant} meant?` : `The fields are ${FIELDS.join(", ")}.`),
    );
  }
}

function suggestion(name: string): string | undefined {
  const plain = name.toLowerCase().replaceAll(/[^a-z]/g, "");
  return FIELDS.find((field) => field.toLowerCase() === plain || MEANT[field]?.includes(plain));
}

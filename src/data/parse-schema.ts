/** Checks and copies schemas of callers and of files. */
import { isList } from "../core/checks.js";
import type { FeatureColumn, Schema } from "./schema.js";

/** Makes the error for a part of a schema that is missing or wrong. */
type Wrong = (value: unknown, name: string, wanted: string) => Error;

/** Copies a schema. Throws what `wrong` makes of the first part that is none; its name begins with `name`. */
export function parseSchema(value: unknown, name: string, wrong: Wrong): Schema {
  const { label, weights, columns, missing, unknown } = fieldsOf(value, name, wrong);
  if (!isArray(columns)) throw wrong(columns, `${name}.columns`, "a list");
  if (missing !== "error" && missing !== "drop" && missing !== "mean") {
    throw wrong(missing, `${name}.missing`, '"error", "drop" or "mean"');
  }
  if (unknown !== "error" && unknown !== "zeros") {
    throw wrong(unknown, `${name}.unknown`, '"error" or "zeros"');
  }
  return {
    ...(label !== undefined && { label: text(label, `${name}.label`, wrong) }),
    ...(weights !== undefined && { weights: text(weights, `${name}.weights`, wrong) }),
    columns: columns.map((one, n) => parseColumn(one, `${name}.columns[${n}]`, wrong)),
    missing,
    unknown,
  };
}

function parseColumn(value: unknown, at: string, wrong: Wrong): FeatureColumn {
  const { kind, name: given, mean, categories, width } = fieldsOf(value, at, wrong);
  const name = text(given, `${at}.name`, wrong);
  if (kind === "number") {
    if (mean === undefined) return { kind, name };
    if (typeof mean !== "number" || !Number.isFinite(mean)) {
      throw wrong(mean, `${at}.mean`, "a finite number");
    }
    return { kind, name, mean };
  }
  if (kind === "vector") {
    if (typeof width !== "number" || !Number.isSafeInteger(width) || width < 0) {
      throw wrong(width, `${at}.width`, "a whole number ≥ 0");
    }
    return { kind, name, width };
  }
  if (kind !== "category") throw wrong(kind, `${at}.kind`, '"number", "category" or "vector"');
  if (!isArray(categories)) throw wrong(categories, `${at}.categories`, "a list");
  const texts = categories.map((one, n) =>
    one === null ? null : text(one, `${at}.categories[${n}]`, wrong),
  );
  return { kind, name, categories: texts };
}

/** Returns the fields that an object itself has. */
function fieldsOf(value: unknown, name: string, wrong: Wrong): Readonly<Record<string, unknown>> {
  if (typeof value !== "object" || value === null || isList(value)) throw wrong(value, name, "an object");
  return Object.assign(Object.create(null), value);
}

function text(value: unknown, name: string, wrong: Wrong): string {
  if (typeof value !== "string") throw wrong(value, name, "a string");
  return value;
}

function isArray(value: unknown): value is readonly unknown[] {
  return Array.isArray(value);
}

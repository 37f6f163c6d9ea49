/** Names of features, and the schema that they come from, as data and models have them. */
import { DataError } from "../core/errors.js";
import { show } from "../core/show.js";
import { isList } from "../core/checks.js";
import { type FeatureColumn, type Schema, featureCountOf, featureNamesOf } from "./schema.js";

/** What is known of the columns that features come from. */
export interface Columns {
  /** (features) The name of each feature. */
  readonly featureNames?: readonly string[] | undefined;
  /** How the columns of a file become features. */
  readonly schema?: Schema | undefined;
}

/**
 * Checks and copies names and schema. Throws a DataError where there are more or fewer names than features,
 * or they differ from `trained`.
 */
export function checkColumns(
  { featureNames, schema: given }: Columns,
  features: number,
  where: string,
  trained?: Columns,
): Columns {
  const schema = given === undefined ? undefined : copySchema(given);
  if (given !== undefined && !schema) {
    throw new DataError(`${where}schema is ${show(given)}, and must be what \`read\` returned.`);
  }
  const made = schema ? featureCountOf(schema) : features;
  if (made !== features) {
    throw new DataError(`${where}schema makes ${made} features, but there are ${features}.`);
  }
  const names = featureNames ?? (schema && featureNamesOf(schema));
  if (names === undefined) return {};
  if (!isList(names)) throw new DataError(`${where}featureNames is ${show(names)}: pass a list of names.`);
  if (names.length !== features) {
    throw new DataError(
      `${where}featureNames has ${names.length} names, but there are ${features} features: give one for each.`,
    );
  }
  const expected = trained?.featureNames;
  const copied = Array.from({ length: features }, (_, d) => {
    const name: unknown = names[d];
    if (typeof name !== "string") {
      throw new DataError(`${where}featureNames[${d}] is ${show(name)}, and must be a text.`);
    }
    if (expected && name !== expected[d]) {
      throw new DataError(
        `${where}feature ${d} is ${show(name)}, but the model has ${show(expected[d])} there: ` +
          "read the file with { schema: model.schema }, which puts columns in their order.",
      );
    }
    return name;
  });
  return { featureNames: copied, ...(schema && { schema }) };
}

/** Copies a schema that a caller passes. Returns undefined where it is none. */
function copySchema(value: unknown): Schema | undefined {
  const { label, weights, columns, missing, unknown } = fieldsOf(value);
  const copies = Array.isArray(columns) ? columns.map(copyColumn) : [undefined];
  const known = copies.filter((one) => one !== undefined);
  const isName = (one: unknown) => one === undefined || typeof one === "string";
  if (known.length < copies.length || !isName(label) || !isName(weights)) return undefined;
  if (missing !== "error" && missing !== "drop" && missing !== "mean") return undefined;
  if (unknown !== "error" && unknown !== "zeros") return undefined;
  return {
    ...(typeof label === "string" && { label }),
    ...(typeof weights === "string" && { weights }),
    columns: known,
    missing,
    unknown,
  };
}

function copyColumn(value: unknown): FeatureColumn | undefined {
  const { kind, name, mean, categories, width } = fieldsOf(value);
  if (typeof name !== "string") return undefined;
  if (kind === "number" && mean === undefined) return { kind, name };
  if (kind === "number" && typeof mean === "number") return { kind, name, mean };
  if (kind === "vector" && typeof width === "number" && Number.isSafeInteger(width) && width >= 0) {
    return { kind, name, width };
  }
  if (kind !== "category" || !Array.isArray(categories)) return undefined;
  const texts = categories.filter((one): one is string | null => one === null || typeof one === "string");
  return texts.length === categories.length ? { kind, name, categories: texts } : undefined;
}

/** Returns the fields of an object, and none of what is no object. */
function fieldsOf(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null ? { ...value } : {};
}

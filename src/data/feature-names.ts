/** Names of features, and the schema that they come from, as data and models have them. */
import { DataError } from "../core/errors.js";
import { show } from "../core/show.js";
import { isList } from "../core/checks.js";
import { type Schema, featureCountOf, featureNamesOf } from "./schema.js";

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
  { featureNames, schema }: Columns,
  features: number,
  where: string,
  trained?: Columns,
): Columns {
  if (schema !== undefined && !isSchema(schema)) {
    throw new DataError(`${where}schema is ${show(schema)}, and must be what \`read\` returned.`);
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
  const other = expected ? names.findIndex((name, d) => name !== expected[d]) : -1;
  if (expected && other >= 0) {
    throw new DataError(
      `${where}feature ${other} is ${show(names[other])}, but the model has ${show(expected[other])} there: ` +
        "read the file with { schema: model.schema }, which puts columns in their order.",
    );
  }
  return { featureNames: names.map(String), ...(schema && { schema: structuredClone(schema) }) };
}

/** Whether a caller's value is a schema as far as its features are counted. */
function isSchema(value: unknown): boolean {
  if (typeof value !== "object" || value === null || !("columns" in value)) return false;
  const { columns } = value;
  return (
    Array.isArray(columns) &&
    columns.every((one: Readonly<Record<string, unknown>> | null) => {
      if (typeof one?.["name"] !== "string") return false;
      if (one["kind"] === "category") return Array.isArray(one["categories"]);
      return one["kind"] === "number" || (one["kind"] === "vector" && Number.isSafeInteger(one["width"]));
    })
  );
}

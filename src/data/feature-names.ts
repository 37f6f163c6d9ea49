/** Checks the names of features, and the schema that they come from, as data and models have them. */
import { DataError } from "../core/errors.js";
import { show } from "../core/show.js";
import { isList } from "../core/checks.js";
import { parseSchema } from "./parse-schema.js";
import { type Schema, featureCountOf, featureNamesOf } from "./schema.js";

/** Names of features, and the schema that they come from. */
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
  const schema = given === undefined ? undefined : parseSchema(given, "", () => wrongSchema(given, where));
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

/** Makes the error for a value that is no schema. */
export function wrongSchema(given: unknown, where: string): DataError {
  return new DataError(`${where}schema is ${show(given)}, and must be what \`read\` returned.`);
}

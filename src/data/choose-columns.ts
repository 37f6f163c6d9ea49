/** Chooses which columns of a table are the label, the weights and the features. */
import { DataError, OptionError } from "../core/errors.js";
import { show } from "../core/show.js";
import type { Missing, FeatureColumn, Schema } from "./schema.js";
import type { Column, Table, TextColumn } from "./data-table.js";

/** Options that say what the columns of a table are. */
export interface ColumnOptions {
  /**
   * The column with the labels, by its name or its number (from 0, or −1 for the last), or null where there
   * is none. Default: the column called label, class, target, y or species, or the only one of text.
   */
  readonly label?: string | number | null | undefined;
  /** The columns that are features, by name or number. Default: all but those with labels or weights. */
  readonly features?: readonly (string | number)[] | undefined;
  /** Columns that are no features. Default: none. */
  readonly exclude?: readonly (string | number)[] | undefined;
  /** The column with a weight ≥ 0 for each row. Default: all rows weigh 1. */
  readonly weights?: string | number | undefined;
  /**
   * Treatment of missing values: "error" (default) names the first; "drop" leaves their rows out; "mean" has
   * them count as the mean of their column, and as a category of their own in a column of text.
   */
  readonly missing?: Missing | undefined;
  /**
   * Columns whose values are categories: each becomes a feature that is 1 or 0. Default: those of text with
   * at most 50 different values, and at most one for 20 rows.
   */
  readonly categories?: readonly (string | number)[] | undefined;
  /** Treatment of categories that the training did not have: "error" (default), or "zeros" as features. */
  readonly unknown?: "error" | "zeros" | undefined;
}

/** Names that say that a column has the labels. */
const LABEL_NAMES = ["label", "class", "target", "y", "species"];

/** The most different texts of a column that are categories by default, also as a part of the rows. */
const MOST_CATEGORIES = 50;
const MOST_SHARE = 0.05;

/** The schema of a table, and what was guessed for it. */
export interface Choice {
  readonly schema: Schema;
  readonly guesses: readonly string[];
}

/** Makes the schema of a table to train on. Throws an OptionError or a DataError that names the column. */
export function chooseColumns(table: Table, options: ColumnOptions, name: string): Choice {
  const guesses: string[] = [];
  const find = (option: string, wanted: string | number) => findColumn(table, wanted, option, name);
  const label =
    options.label === undefined
      ? guessLabel(table, guesses)
      : options.label === null
        ? undefined
        : find("label", options.label);
  const weights = options.weights === undefined ? undefined : find("weights", options.weights);
  const excluded = (options.exclude ?? []).map((one) => find("exclude", one));
  const asCategories = (options.categories ?? []).map((one) => find("categories", one));
  const chosen = options.features?.map((one) => find("features", one)) ?? table.columns;
  const columns = chosen.filter((one) => one !== label && one !== weights && !excluded.includes(one));
  const { missing = "error", unknown = "error" } = options;
  if (columns.length === 0) throw new DataError(`${name}: no column is left for features.`);
  const features = columns.map((column) =>
    featureOf(column, asCategories.includes(column), table.rows, missing, name, guesses),
  );
  return {
    schema: {
      ...(label && { label: label.name }),
      ...(weights && { weights: weights.name }),
      columns: features,
      missing,
      unknown,
    },
    guesses,
  };
}

/** Finds a column by its name, or by its number, also where that is a text. */
function findColumn({ columns }: Table, wanted: string | number, option: string, name: string): Column {
  const found =
    columns.find((one) => one.name === wanted) ??
    (/^-?\d+$/.test(String(wanted)) ? columns.at(Number(wanted)) : undefined);
  if (found) return found;
  const names = columns
    .slice(0, 12)
    .map((one) => show(one.name))
    .join(", ");
  throw new OptionError(
    `${option} is ${show(wanted)}, but ${name} has no such column. It has ${columns.length}: ${names}${columns.length > 12 ? ", …" : ""}.`,
  );
}

function guessLabel({ columns }: Table, guesses: string[]): Column | undefined {
  const named = columns.find((one) => LABEL_NAMES.includes(one.name.toLowerCase()));
  const texts = columns.filter(({ kind }) => kind === "text");
  const found = named ?? (texts.length === 1 ? texts[0] : undefined);
  if (found) {
    const why = named ? "by its name" : "as the only column of text";
    guesses.push(`the labels are in column ${show(found.name)}, ${why}`);
  }
  return found;
}

function featureOf(
  column: Column,
  asCategories: boolean,
  rows: number,
  missing: Missing,
  name: string,
  guesses: string[],
): FeatureColumn {
  if (column.kind === "vectors") return { kind: "vector", name: column.name, width: column.width };
  if (column.kind === "numbers" && !asCategories) {
    return { kind: "number", name: column.name, ...(missing === "mean" && { mean: meanOf(column.values) }) };
  }
  const { values, lacking } = categoriesOf(column);
  if (column.kind === "text" && !asCategories) {
    if (column.firstText || values.length > MOST_CATEGORIES || values.length > MOST_SHARE * rows) {
      throw refused(column, values.length, rows, name);
    }
    guesses.push(`column ${show(column.name)} is ${values.length} categories`);
  }
  const categories = lacking && missing === "mean" ? [...values, null] : values;
  return { kind: "category", name: column.name, categories };
}

function refused(
  { name: column, firstText, texts }: TextColumn,
  values: number,
  rows: number,
  name: string,
): DataError {
  const what = firstText
    ? `is of numbers, but is ${show(firstText.text)} in row ${firstText.row}`
    : `is text, such as ${show(texts[0])}, with ${values} different values in ${rows} rows`;
  const isDate = !Number.isNaN(Date.parse(firstText?.text ?? texts[0]));
  const advice = isDate ? "make numbers of its dates" : "make numbers of it";
  return new DataError(
    `${name}: column ${show(column)} ${what}, and no feature: leave it out by exclude, name it in categories, or ${advice}.`,
  );
}

/** The values of a column as texts, in code-unit order, and whether some are missing. */
function categoriesOf(column: Exclude<Column, { kind: "vectors" }>): { values: string[]; lacking: boolean } {
  if (column.kind === "text") return { values: column.texts.toSorted(), lacking: column.codes.includes(-1) };
  const numbers = new Set<number>();
  for (const value of column.values) numbers.add(value);
  const lacking = numbers.delete(Number.NaN);
  return { values: [...numbers].map(String).toSorted(), lacking };
}

/** The mean of the values that are there; 0 where there are none. */
function meanOf(values: ArrayLike<number>): number {
  let sum = 0;
  let count = 0;
  for (let i = 0; i < values.length; i++) {
    if (Number.isNaN(values[i])) continue;
    sum += values[i];
    count++;
  }
  return count > 0 ? sum / count : 0;
}

/** How columns of a file become features and labels. It travels in the model, for other files. */

/** A column of numbers: one feature. */
export interface NumberFeature {
  /** "number" */
  readonly kind: "number";
  /** The name of the column. */
  readonly name: string;
  /** The mean of the training, which missing values count as. Absent where none is filled in. */
  readonly mean?: number;
}

/** A column of few different values: a feature for each, 1 in the rows that have it and 0 elsewhere. */
export interface CategoryFeature {
  /** "category" */
  readonly kind: "category";
  /** The name of the column. */
  readonly name: string;
  /** The values, in code-unit order; null is a missing value. */
  readonly categories: readonly (string | null)[];
}

/** A column of vectors of one width: a feature for each element. */
export interface VectorFeature {
  /** "vector" */
  readonly kind: "vector";
  /** The name of the column. */
  readonly name: string;
  /** Elements of a vector. */
  readonly width: number;
}

/** A column of a file that is one feature, or several. */
export type FeatureColumn = NumberFeature | CategoryFeature | VectorFeature;

/** Treatment of missing values: an error, rows left out, or the mean filled in. */
export type Missing = "error" | "drop" | "mean";

/** How columns become rows. */
export interface Schema {
  /** The column with the labels. Absent where labels are not in the file. */
  readonly label?: string;
  /** The column with the weights. */
  readonly weights?: string;
  /** The columns that are features, in the order of the weights of a model. */
  readonly columns: readonly FeatureColumn[];
  /** Treatment of missing values. */
  readonly missing: Missing;
  /** Treatment of values that the categories lack: an error, or zeros. */
  readonly unknown: "error" | "zeros";
}

/** Returns how many features the columns make. */
export function featureCountOf({ columns }: Schema): number {
  const widths = columns.map((one) =>
    one.kind === "number" ? 1 : one.kind === "category" ? one.categories.length : one.width,
  );
  return widths.reduce((a, b) => a + b, 0);
}

/** Returns the name of each feature: of a column, `column=category`, or `column[element]`. */
export function featureNamesOf({ columns }: Schema): string[] {
  return columns.flatMap((column) => {
    if (column.kind === "number") return [column.name];
    if (column.kind === "category") return column.categories.map((one) => `${column.name}=${one ?? ""}`);
    return Array.from({ length: column.width }, (_, d) => `${column.name}[${d}]`);
  });
}

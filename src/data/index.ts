/** The sub-path `smigh/data`: readers of data files. */
export { readIdx, type Idx } from "./readers/idx.js";
export { read, readRows, type ReadData, type ReadOptions, type ReadRows } from "./read.js";
export type { ColumnOptions } from "./choose-columns.js";
export type { DataSource } from "./readers/sources.js";
export type { DataFormat } from "./readers/reader-table.js";
export type { FormatOptions } from "./readers/reader.js";
export type { CsvOptions } from "./readers/csv.js";
export type {
  CategoryFeature,
  FeatureColumn,
  Missing,
  NumberFeature,
  Schema,
  VectorFeature,
} from "./schema.js";

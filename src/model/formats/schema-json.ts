/** Reads the schema in a model file. */
import type {
  CategoryFeature,
  FeatureColumn,
  Missing,
  NumberFeature,
  Schema,
  VectorFeature,
} from "../../data/schema.js";
import { finite, listOf, object, parts, text, whole, wrong } from "./json-values.js";

export function readSchema(value: unknown, name: string): Schema {
  return parts<Schema>(
    value,
    name,
    {
      label: text,
      weights: text,
      columns: (columns, at) => listOf(columns, at, readColumn),
      missing: readMissing,
      unknown: (one, at) => {
        if (one !== "error" && one !== "zeros") throw wrong(one, at, '"error" or "zeros"');
        return one;
      },
    },
    ["label", "weights"],
  );
}

function readMissing(value: unknown, name: string): Missing {
  if (value === "error" || value === "drop" || value === "mean") return value;
  throw wrong(value, name, '"error", "drop" or "mean"');
}

function readColumn(value: unknown, name: string): FeatureColumn {
  const { kind } = object(value, name);
  if (kind === "number") {
    return parts<NumberFeature>(value, name, { kind: () => kind, name: text, mean: finite }, ["mean"]);
  }
  if (kind === "category") {
    return parts<CategoryFeature>(value, name, {
      kind: () => kind,
      name: text,
      categories: (all, at) => listOf(all, at, (one, place) => (one === null ? null : text(one, place))),
    });
  }
  if (kind === "vector")
    return parts<VectorFeature>(value, name, { kind: () => kind, name: text, width: whole });
  throw wrong(kind, `${name}.kind`, '"number", "category" or "vector"');
}

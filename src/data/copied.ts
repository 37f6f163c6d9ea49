/** Copies data as callers pass them, before they are checked. */
import { isList } from "../core/checks.js";

/** The fields of labelled data. */
interface Lists {
  readonly x: unknown;
  readonly y: unknown;
  readonly features?: unknown;
  readonly scale?: unknown;
  readonly weights?: unknown;
  readonly offsets?: unknown;
}

/**
 * Copies the lists of the data, so that the caller may change them while something is awaited. Whatever is no
 * data stays what it is, for the checks to name it.
 */
export function copyData<T extends Lists>(data: T): T {
  if (typeof data !== "object" || data === null || isList(data)) return data;
  const { x, y, features, scale, weights, offsets } = data; // also where they are inherited
  return {
    ...data,
    x: copyList(x),
    y: copyList(y),
    ...(features !== undefined && { features }),
    ...(scale !== undefined && { scale }),
    ...(weights !== undefined && { weights: copyList(weights) }),
    ...(offsets !== undefined && { offsets: copyList(offsets) }),
  };
}

function copyList<T>(values: T): T {
  return isWhole(values) ? (values.map(copyFlat) as T) : copyFlat(values);
}

function copyFlat<T>(values: T): T {
  if (isWhole(values)) return values.slice() as T;
  const bytes = ArrayBuffer.isView(values) && values.byteLength > 0; // a buffer that is detached has none
  return bytes && "slice" in values && typeof values.slice === "function" ? values.slice() : values;
}

/** Tells arrays without holes, since one of holes alone may have a length of billions. */
function isWhole(values: unknown): values is unknown[] {
  return Array.isArray(values) && !values.includes(undefined);
}

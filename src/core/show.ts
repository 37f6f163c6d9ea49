/** Shows the values that a caller passed, for error messages. */

/** Characters of a string that are shown at most. */
const LONGEST = 60;

/** Shows a primitive as code writes it, and anything else by its kind. Never throws, unlike String(value). */
export function show(value: unknown): string {
  switch (typeof value) {
    case "string":
      return JSON.stringify(value.length > LONGEST ? `${value.slice(0, LONGEST)}…` : value);
    case "bigint":
      return `${value}n`;
    case "function":
      return "a function";
    case "object":
      return value === null ? "null" : kindOf(value);
    default:
      return String(value);
  }
}

function kindOf(value: object): string {
  const kind = tagOf(value);
  if (Array.isArray(value)) return value.length === 0 ? "an empty list" : `a list of ${value.length} values`;
  return kind === "Object" ? "an object" : `${/^[AEIOU]/.test(kind) ? "an" : "a"} ${kind}`;
}

/** Tag of an object, the same in every realm: "Map", "Float32Array", "AbortSignal". */
export function tagOf(value: unknown): string {
  return Object.prototype.toString.call(value).slice("[object ".length, -1);
}

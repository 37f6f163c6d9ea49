/** How an error message shows a value that a caller passed: short, and without an error of its own. */

/** Longer strings are cut. */
const MOST_CHARACTERS = 60;

/** Strings in quotes, bigints with their n; objects by their type, as String() throws on those without a prototype. */
export function show(value: unknown): string {
  if (typeof value === "string") {
    return JSON.stringify(value.length > MOST_CHARACTERS ? `${value.slice(0, MOST_CHARACTERS)}…` : value);
  }
  if (typeof value === "bigint") return `${value}n`;
  if (typeof value === "function") return "a function";
  if (typeof value === "object" && value !== null) return withArticle(typeName(value));
  return String(value);
}

function typeName(value: object): string {
  const name: unknown = value.constructor?.name; // of another realm too, where toString says Object
  return typeof name === "string" && name !== "" ? name : "Object";
}

/** "an Array", "a Map"; the U of Uint8Array is a consonant. */
function withArticle(name: string): string {
  return `${/^[AEIO]/i.test(name) ? "an" : "a"} ${name}`;
}

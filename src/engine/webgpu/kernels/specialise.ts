/**
 * Makes a kernel from the linked text of a shader, with one statement, declaration or parameter a line:
 *
 * - replaces its constants, such as `const ROWS = 4u;`;
 * - decides its conditions, in WESL's syntax: `@if(NAME)`, `@elif(NAME)` and `@else` stand before a
 *   statement, a declaration or a parameter, which stays if NAME is in `when`, or not where it is `!NAME`;
 * - unrolls its loops `for (var r = 0u; r < ROWS; r++) { // unroll`, with a constant or a number as the
 *   bound. Arrays indexed by the resulting literals live in registers; a running index would put them in
 *   memory;
 * - asks for subgroups of SUBGROUP lanes, a constant, where the text enables that. WESL has no conditions
 *   before an attribute.
 */
export interface Specialisation {
  readonly constants: Readonly<Record<string, number | boolean>>;
  readonly when: readonly string[];
}

export function specialise(source: string, { constants, when }: Specialisation): string {
  const lines = decided(source.split("\n"), when).map((line) => constant(line, constants));
  return sized(unrolled(lines, bounds(lines)).join("\n"));
}

function sized(text: string): string {
  const isEnabled = text.includes("enable subgroup_size_control;");
  return isEnabled ? text.replace("@compute", "@compute @subgroup_size(SUBGROUP)") : text;
}

const CONDITION = /^( *)@(if|elif|else)(?:\((!?)(\w+)\))? (.*)$/;

function decided(lines: readonly string[], when: readonly string[]): string[] {
  const out: string[] = [];
  let open = false; // whether no condition of the chain held so far
  for (let at = 0; at < lines.length; at++) {
    const [, indent, kind, not, name, rest] = lines[at].match(CONDITION) ?? [];
    if (rest === undefined) {
      out.push(lines[at]);
      continue;
    }
    const end = /[({](?: \/\/ unroll)?$/.test(rest) ? lines.indexOf(`${indent}}`, at) : at;
    if (kind === "if") open = true;
    if (open && (name === undefined || when.includes(name) === (not === ""))) {
      out.push(...decided([indent + rest, ...lines.slice(at + 1, end + 1)], when));
      open = false;
    }
    at = end;
  }
  return out;
}

const CONSTANT = /^const (\w+)(: \w+)? = ([^;]+);/;

function constant(line: string, constants: Specialisation["constants"]): string {
  const [, name, type = "", literal] = line.match(CONSTANT) ?? [];
  if (name === undefined || !(name in constants)) return line;
  return line.replace(CONSTANT, `const ${name}${type} = ${literalOf(constants[name], literal)};`);
}

/** Formats a value like the literal that it replaces: `4u`, `true`, or `0.5`. */
function literalOf(value: number | boolean, literal: string): string {
  if (typeof value === "boolean") return String(value);
  if (literal.endsWith("u")) return `${value}u`;
  return Number.isInteger(value) ? `${value}.0` : String(value);
}

/** Returns the unsigned integer constants, which can be bounds of loops. */
function bounds(lines: readonly string[]): ReadonlyMap<string, number> {
  return new Map(
    lines.flatMap((line) => {
      const [, name, , literal = ""] = line.match(CONSTANT) ?? [];
      return name !== undefined && /^\d+u$/.test(literal) ? [[name, Number.parseInt(literal, 10)]] : [];
    }),
  );
}

const LOOP = /^( *)for \(var (\w+) = 0u; \2 < (\w+); \2\+\+\) \{ \/\/ unroll$/;

function unrolled(lines: readonly string[], constants: ReadonlyMap<string, number>): string[] {
  const out: string[] = [];
  for (let at = 0; at < lines.length; at++) {
    const [, indent, index, bound] = lines[at].match(LOOP) ?? [];
    if (index === undefined) {
      out.push(lines[at]);
      continue;
    }
    const turns = constants.get(bound) ?? Number.parseInt(bound, 10);
    const end = lines.indexOf(`${indent}}`, at);
    if (Number.isNaN(turns) || end < 0) throw new Error(`This loop cannot be unrolled: ${lines[at]}`);
    const body = lines.slice(at + 1, end);
    for (let turn = 0; turn < turns; turn++) {
      const once = body.map((line) => line.replaceAll(new RegExp(`\\b${index}\\b`, "g"), `${turn}u`));
      out.push(`${indent}{`, ...unrolled(once, constants), `${indent}}`);
    }
    at = end;
  }
  return out;
}

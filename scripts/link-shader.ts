/**
 * Links a shader with the declarations that it imports, in WESL's syntax: `import package::lib::rows::x;` or
 * `import package::lib::rows::{features, x};`. Adds those declarations and what they use, and lays the text
 * out for src/engine/webgpu/kernels/specialise.ts: one statement, declaration or parameter a line, indented
 * by depth, without comments other than `// unroll`.
 */

/** Texts of shaders by their paths below shaders/, such as "lib/rows.wgsl". */
export type ShaderTexts = ReadonlyMap<string, string>;

interface Module {
  readonly path: string;
  /** Paths of the modules that names are imported from. */
  readonly imports: ReadonlyMap<string, string>;
  readonly declarations: readonly Declaration[];
}

/** A declaration at module scope, or a directive, which has no name. */
interface Declaration {
  /** The path of its module. */
  readonly owner: string;
  readonly name: string | undefined;
  readonly text: string;
}

/** Links the shader at a path. Throws an Error that names the file and what to correct. */
export function linkShader(path: string, texts: ShaderTexts): string {
  const modules = new Map<string, Module>();
  const moduleAt = (from: string, at: string): Module => {
    const text = texts.get(at);
    if (text === undefined)
      throw new Error(`shaders/${from} imports from shaders/${at}, which does not exist.`);
    const found = modules.get(at) ?? parseModule(at, text);
    modules.set(at, found);
    return found;
  };

  const root = moduleAt(path, path);
  const linked = new Set(root.declarations);
  const add = (module: Module, text: string): void => {
    for (const [word] of text.matchAll(/(?<![.\w])[A-Za-z_]\w*/g)) {
      const from = module.imports.get(word);
      const owner = from === undefined ? module : moduleAt(module.path, from);
      const declarations = owner.declarations.filter(({ name }) => name === word);
      if (from !== undefined && declarations.length === 0) {
        throw new Error(`shaders/${module.path} imports ${word}, which shaders/${from} does not declare.`);
      }
      for (const one of declarations.filter((declaration) => !linked.has(declaration))) {
        linked.add(one);
        add(owner, one.text);
      }
    }
  };
  for (const { text } of root.declarations) add(root, text);

  checkNames(linked);
  const directives = [...linked].filter(({ name }) => name === undefined);
  const named = [...linked].filter(({ name }) => name !== undefined);
  const own = named.filter(({ owner }) => owner === path);
  const imported = named.filter(({ owner }) => owner !== path);
  return [...directives, ...imported, ...own].map(({ text }) => text).join("\n");
}

/** Throws where two modules declare one name: their texts stand in one scope. */
function checkNames(linked: Iterable<Declaration>): void {
  const owners = new Map<string, string>();
  for (const { name, owner } of linked) {
    if (name === undefined) continue;
    const other = owners.get(name) ?? owner;
    if (other !== owner) {
      throw new Error(`shaders/${owner} and shaders/${other} both declare ${name}: rename one of them.`);
    }
    owners.set(name, owner);
  }
}

/** Returns the names that a shader imports and does not use. */
export function unusedImports(path: string, texts: ShaderTexts): string[] {
  const { imports, declarations } = parseModule(path, texts.get(path) ?? "");
  const used = new Set(declarations.flatMap(({ text }) => text.match(/\w+/g) ?? []));
  return [...imports.keys()].filter((name) => !used.has(name));
}

/** Splits a laid-out text into its declarations; lines that are indented or close a bracket continue one. */
export function declarationsOf(text: string): string[] {
  return text.split(/\n(?![ })])/).filter((declaration) => declaration !== "");
}

/** Returns a text without comments, one statement, declaration or parameter a line, indented by its depth. */
export function layOut(text: string): string {
  const lines: string[] = [];
  let line = "";
  let depth = 0; // of braces
  let parentheses = 0;
  let parameters = false; // within a function's parentheses
  const end = () => {
    if (line !== "") lines.push("  ".repeat(depth + (parameters ? 1 : 0)) + line);
    line = "";
  };
  const tokens = text.match(/\/\/[^\n]*|\/\*[^]*?\*\/|\s+|\w+|[^]/g) ?? [];
  for (const [n, token] of tokens.entries()) {
    if (/^\/\/ unroll\b/.test(token)) lines.push(`${lines.pop() ?? ""} // unroll`);
    else if (/^(?:\s|\/[/*])/.test(token)) line += /(?:^|[ ([])$/.test(line) ? "" : " ";
    else if (token === "{") {
      line += token;
      end();
      depth++;
    } else if (token === "}") {
      end();
      depth--;
      line = token;
      if (tokens[n + 2] !== "else") end();
    } else {
      const header = token === "(" && /\bfn \w+$/.test(line); // begins and ends a function's parameters
      const footer = token === ")" && parameters && parentheses === 1;
      if (footer) end();
      if (footer) parameters = false;
      line = (token === ")" ? line.replace(/,? *$/, "") : line) + token;
      if (token === "(" || token === "[") parentheses++;
      if (token === ")" || token === "]") parentheses--;
      if (header) end();
      if (header) parameters = true;
      if (parentheses === 0 ? token === ";" : token === "," && parameters && parentheses === 1) end();
    }
  }
  end();
  return lines.map((one) => one.trimEnd()).join("\n");
}

const IMPORT = /^import package::([\w:]+)::(\w+|\{[\w,\s]+\});/gm;
const DECLARED = /^(?:@\w+(?:\([^)]*\))? )*(?:fn|struct|alias|const|var(?:<[^>]*>)?) (\w+)/;

function parseModule(path: string, text: string): Module {
  const imports = new Map<string, string>();
  const rest = text.replaceAll(IMPORT, (_, module: string, names: string) => {
    for (const [name] of names.matchAll(/\w+/g)) imports.set(name, `${module.replaceAll("::", "/")}.wgsl`);
    return "";
  });
  const code = layOut(rest);
  const [wrong] = code.match(/^.*(?:^import\b|\S.*@(?:if|elif|else)\b|@(?:if|elif)\((?!!?\w+\) )).*$/m) ?? [];
  if (wrong !== undefined) {
    throw new Error(
      `shaders/${path}: "${wrong.trim()}" is neither an import of names from the package nor a condition of ` +
        "one name before a declaration, a statement or a parameter.",
    );
  }
  const declarations = declarationsOf(code).map((one) => ({
    owner: path,
    name: one.match(DECLARED)?.[1],
    text: one,
  }));
  return { path, imports, declarations };
}

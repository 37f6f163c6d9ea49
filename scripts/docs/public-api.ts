/** Lists the public names of the package, entry by entry of package.json's `exports`, with their TSDoc. */
import { posix } from "node:path";
import type { ESTree } from "vite";
import { textOf } from "../imports.js";
import { type Doc, Source, type Span } from "./source.js";

/** A path that the package exports, such as "smigh". */
export interface EntryPoint {
  readonly name: string;
  readonly path: string;
  readonly declarations: readonly Declaration[];
  /** Declarations that the public ones name in their types, and that have no public name themselves. */
  readonly others: readonly Declaration[];
}

/** A function, class, interface, type or constant, or a member of a class or an interface. */
export interface Declaration {
  readonly kind:
    | "function"
    | "class"
    | "interface"
    | "type"
    | "constant"
    | "field"
    | "method"
    | "constructor";
  readonly name: string;
  /** The source, without bodies and `export`; of a field with its comment. */
  readonly code: string;
  readonly doc?: Doc;
  /** Names of the parameters, of functions, methods and constructors. */
  readonly parameters: readonly string[];
  /** The type of the result, of functions and methods. */
  readonly returns: string;
  readonly members: readonly Declaration[];
}

interface Found {
  readonly source: Source;
  readonly node: ESTree.Declaration;
  /** Where its comment ends: the declaration, or `export` before it. */
  readonly statement: Span;
}

/** Reads the public names of all entries. */
export function publicApi(): EntryPoint[] {
  const { name, exports }: Manifest = JSON.parse(textOf("package.json"));
  return Object.entries(exports).flatMap(([subpath, { types }]) => {
    if (!types) return [];
    const path = types.replace("./dist/", "src/").replace(/\.d\.ts$/, ".ts");
    return [readEntryPoint(posix.join(name, subpath), new Source(path))];
  });
}

interface Manifest {
  readonly name: string;
  readonly exports: Readonly<Record<string, { readonly types?: string }>>;
}

/** Reads the public names of one entry, whose file re-exports them. */
export function readEntryPoint(name: string, source: Source): EntryPoint {
  const files = new Map<string, Source>([[source.path, source]]);
  const fileOf = (path: string) => {
    const file = files.get(path) ?? new Source(path);
    files.set(path, file);
    return file;
  };
  const resolve = (from: Source, wanted: string): Found | undefined => {
    for (const statement of from.body) {
      const node = statement.type === "ExportNamedDeclaration" ? statement.declaration : statement;
      if (node && isDeclaration(node) && nameOf(node) === wanted) return { source: from, node, statement };
      const there = originOf(statement, wanted);
      const path = there && there.path.startsWith(".") && posix.join(posix.dirname(from.path), there.path);
      if (path) return resolve(fileOf(path.replace(/\.js$/, ".ts")), there.name);
    }
    return undefined;
  };

  const found = new Map<string, Found>();
  for (const wanted of exportedNames(source)) {
    const one = resolve(source, wanted);
    if (!one) throw new Error(`${source.path} exports ${wanted}, and no file declares it.`);
    found.set(wanted, one);
  }
  const declarations = Array.from(found, ([exported, one]) => declarationOf(one, exported));
  const others = new Map<string, Declaration>();
  const follow = ({ code }: Declaration, { source: from, node }: Found) => {
    if (isMapped(node)) return; // the table that it maps has a page of its own
    for (const [wanted] of withoutComments(code).matchAll(/\b[A-Z]\w+/g)) {
      const one = resolve(from, wanted);
      if (!one || !isListOrType(one.node) || found.has(wanted) || others.has(wanted)) continue;
      const declaration = declarationOf(one, wanted);
      others.set(wanted, declaration);
      follow(declaration, one);
    }
  };
  for (const declaration of declarations) {
    const one = found.get(declaration.name);
    for (const part of [declaration, ...declaration.members]) if (one) follow(part, one);
  }
  return { name, path: source.path, declarations, others: [...others.values()] };
}

function exportedNames({ body }: Source): string[] {
  return body.flatMap((statement) => {
    if (statement.type !== "ExportNamedDeclaration") return [];
    if (statement.declaration)
      return isDeclaration(statement.declaration) ? [nameOf(statement.declaration)] : [];
    return statement.specifiers.map(({ exported }) => wordOf(exported));
  });
}

/** Returns the file and name from which a statement imports or re-exports a name. */
function originOf(statement: ESTree.Directive | ESTree.Statement, wanted: string) {
  if (statement.type === "ExportNamedDeclaration" && statement.source) {
    const one = statement.specifiers.find(({ exported }) => wordOf(exported) === wanted);
    return one && { path: statement.source.value, name: wordOf(one.local) };
  }
  if (statement.type === "ImportDeclaration") {
    for (const one of statement.specifiers) {
      if (one.type === "ImportSpecifier" && one.local.name === wanted)
        return { path: statement.source.value, name: wordOf(one.imported) };
    }
  }
  return undefined;
}

const wordOf = (name: ESTree.ModuleExportName) => (name.type === "Literal" ? name.value : name.name);

function isDeclaration(node: { readonly type: string }): node is ESTree.Declaration {
  return [
    "FunctionDeclaration",
    "ClassDeclaration",
    "TSInterfaceDeclaration",
    "TSTypeAliasDeclaration",
    "VariableDeclaration",
  ].includes(node.type);
}

function isMapped(node: ESTree.Declaration): boolean {
  return node.type === "TSTypeAliasDeclaration" && node.typeAnnotation.type === "TSMappedType";
}

/** Tells a type, or a list of constants that a type is made of, from other values. */
function isListOrType(node: ESTree.Declaration): boolean {
  if (node.type !== "VariableDeclaration") return true;
  const { init } = node.declarations[0];
  return init?.type === "TSAsExpression" && init.expression.type === "ArrayExpression";
}

function nameOf(node: ESTree.Declaration): string {
  const id =
    node.type === "VariableDeclaration" ? node.declarations[0].id : "id" in node ? node.id : undefined;
  return id?.type === "Identifier" ? id.name : "";
}

function declarationOf({ source, node, statement }: Found, name: string): Declaration {
  const doc = source.docOf(statement);
  const common = { name, ...(doc && { doc }), parameters: [], returns: "", members: [] };
  switch (node.type) {
    case "FunctionDeclaration":
      return { ...common, ...callable(source, node, node), kind: "function" };
    case "ClassDeclaration": {
      const code = source.code({ start: node.start, end: node.body.start });
      return {
        ...common,
        kind: "class",
        code,
        members: node.body.body.flatMap((one) => memberOf(source, one)),
      };
    }
    case "TSInterfaceDeclaration": {
      const members = node.body.body.flatMap((one) => memberOf(source, one));
      return { ...common, kind: "interface", code: source.code(node), members };
    }
    case "TSTypeAliasDeclaration":
      return { ...common, kind: "type", code: source.code(node) };
    default:
      return { ...common, kind: "constant", code: source.code(node) };
  }
}

/** Reads a public member of a class or an interface. */
function memberOf(source: Source, node: ESTree.ClassElement | ESTree.TSSignature): Declaration[] {
  if (!("key" in node) || node.key.type === "PrivateIdentifier") return [];
  if ("accessibility" in node && node.accessibility === "private") return [];
  const doc = source.docOf(node);
  const key = source.code(node.key);
  const common = {
    name: node.computed ? `[${key}]` : key,
    ...(doc && { doc }),
    parameters: [],
    returns: "",
    members: [],
  };
  if (node.type === "MethodDefinition" && node.kind !== "get" && node.kind !== "set") {
    return [{ ...common, ...callable(source, node, node.value), kind: node.kind }];
  }
  const body = "value" in node && node.value && "body" in node.value ? node.value.body : undefined;
  const { start } = source.withDoc(node);
  return [{ ...common, kind: "field", code: source.code({ start, end: body?.start ?? node.end }) }];
}

type Callable = Pick<ESTree.Function, "params" | "returnType" | "body" | "end">;

function callable(source: Source, { start }: Span, { params, returnType, body, end }: Callable) {
  return {
    code: source.code({ start, end: body?.start ?? end }).replace(/^async /, ""),
    parameters: params.map((one) =>
      source
        .code(one)
        .replace(/[?:=\s][\s\S]*$/, "")
        .replace(/^\.\.\./, ""),
    ),
    returns: returnType ? source.code(returnType).replace(/^:\s*/, "") : "",
  };
}

function withoutComments(code: string): string {
  return code.replaceAll(/\/\*[\s\S]*?\*\//g, "");
}

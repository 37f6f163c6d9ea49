/** Parses a TypeScript file of the repository, and reads the TSDoc comments of its declarations. */
import { parse } from "comment-parser";
import { type ESTree, parseSync } from "vite";
import { textOf } from "../imports.js";

/** A TSDoc comment. Texts keep their line breaks. */
export interface Doc {
  readonly text: string;
  readonly tags: readonly Tag[];
}

interface Tag {
  /** "param", "returns", "throws" or "example". */
  readonly tag: string;
  /** The name of the parameter that a "param" describes. */
  readonly name: string;
  /** In braces, such as the errors that are thrown. */
  readonly type: string;
  readonly text: string;
}

export interface Span {
  readonly start: number;
  readonly end: number;
}

/** A parsed file. */
export class Source {
  readonly path: string;
  readonly text: string;
  readonly body: readonly (ESTree.Directive | ESTree.Statement)[];
  readonly #comments: ReadonlyMap<number, Span>;

  constructor(path: string, text = textOf(path)) {
    const { program, comments, errors } = parseSync(path, text);
    if (errors.length > 0) throw new Error(`${path} does not parse: ${errors[0].message}`);
    this.path = path;
    this.text = text;
    this.body = program.body;
    const docs = comments.filter(({ type, value }) => type === "Block" && value.startsWith("*"));
    this.#comments = new Map(
      docs.map((comment) => [comment.end + text.slice(comment.end).search(/\S|$/), comment]),
    );
  }

  /** Returns the code of a node, or of a part of the file. */
  code({ start, end }: Span): string {
    return this.text.slice(start, end).trim();
  }

  /** Returns a node together with the comment that stands right before it. */
  withDoc({ start, end }: Span): Span {
    return { start: this.#comments.get(start)?.start ?? start, end };
  }

  /** Returns the comment that stands right before a node. */
  docOf({ start }: Span): Doc | undefined {
    const comment = this.#comments.get(start);
    return comment && parseDoc(this.code(comment));
  }
}

const wordOf = (text: string, open: string, close: string) =>
  text.startsWith(open) && text.includes(close) ? text.slice(1, text.indexOf(close)) : "";

function parseDoc(comment: string): Doc {
  const [block] = parse(comment, { spacing: "preserve" });
  const tags = block.tags.map(({ tag, source }) => {
    const lines = source.map(({ tokens: { postDelimiter, type, postType, name, postName, description } }) =>
      `${postDelimiter.slice(1)}${type}${postType}${name}${postName}${description}`.trimEnd(),
    );
    const whole = lines.join("\n").trim();
    const type = wordOf(whole, "{", "}");
    const rest = type ? whole.slice(type.length + 2).trim() : whole;
    const name = tag === "param" ? rest.split(/\s/, 1)[0] : "";
    return { tag, type, name, text: rest.slice(name.length).trim() };
  });
  return { text: block.description.trim(), tags };
}

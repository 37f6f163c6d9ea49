/** Renders the public names of an entry of the package as a Markdown document. */
import { posix } from "node:path";
import type { Declaration, EntryPoint } from "./public-api.js";

const WIDTH = 110;

/** Sections of a document, by the kinds of declarations that they have. */
const SECTIONS: Readonly<Record<string, readonly Declaration["kind"][]>> = {
  Functions: ["function"],
  Classes: ["class"],
  Types: ["interface", "type"],
  Constants: ["constant"],
};

/** Path of the document of an entry, from the root of the repository. */
export function pathOf({ name }: EntryPoint): string {
  return `docs/reference/${name.replaceAll("/", "-")}.md`;
}

/** Renders the document of an entry. */
export function referenceOf({ name, path, declarations, others }: EntryPoint): string {
  const sections = Object.entries(SECTIONS).flatMap(([title, kinds]) => {
    const own = declarations.filter(({ kind }) => kinds.includes(kind));
    return own.length > 0 ? [{ title, declarations: own }] : [];
  });
  if (others.length > 0) sections.push({ title: "Types without a public name", declarations: [...others] });
  const anchors = anchorsOf(sections.flatMap((one) => [one.title, ...one.declarations.flatMap(headingsOf)]));
  const link = (text: string) =>
    text.replaceAll(/\{@link ([\w.]+)\}/g, (_, target: string) => {
      const anchor = anchors.get(target);
      return anchor ? `[\`${target}\`](#${anchor})` : `\`${target}\``;
    });
  const source = posix.relative("docs/reference", path);
  return [
    `# ${name}\n`,
    wrap(
      `Written by \`npm run docs\` from the TSDoc of [\`${path}\`](${source}). ` +
        "[Options of a training](options.md) has the fields of `TrainOptions` and of `SweepOptions`.",
    ),
    "",
    ...sections.flatMap((section) => [
      `## ${section.title}\n`,
      ...section.declarations.flatMap((one) => render(one, link)),
    ]),
  ].join("\n");
}

function headingsOf({ name, members }: Declaration): string[] {
  return [name, ...members.filter(isCallable).map((member) => titleOf(name, member))];
}

/** GitHub's anchors of headings: lower case, and numbered where they repeat. */
function anchorsOf(headings: readonly string[]): Map<string, string> {
  const counts = new Map<string, number>();
  return new Map(
    headings.map((heading) => {
      const slug = heading
        .toLowerCase()
        .replaceAll(/[^\w -]/g, "")
        .replaceAll(" ", "-");
      const count = counts.get(slug) ?? 0;
      counts.set(slug, count + 1);
      return [heading, count === 0 ? slug : `${slug}-${count}`];
    }),
  );
}

type Link = (text: string) => string;

function render(declaration: Declaration, link: Link): string[] {
  const { name, kind, code, members } = declaration;
  const body = kind === "class" ? classCode(code, members) : code;
  return [
    `### ${name}\n`,
    ...describe(declaration, body, link),
    ...members
      .filter(isCallable)
      .flatMap((member) => [`#### ${titleOf(name, member)}\n`, ...describe(member, member.code, link)]),
  ];
}

/** Renders the code of a class with its fields. */
function classCode(head: string, members: readonly Declaration[]): string {
  const fields = members.filter(({ kind }) => kind === "field").map(({ code }) => `  ${code}`);
  return fields.length > 0 ? `${head} {\n${fields.join("\n")}\n}` : `${head} {}`;
}

function describe({ doc, kind }: Declaration, code: string, link: Link): string[] {
  const inside = kind === "interface" || kind === "class";
  const block = ["```ts", code, "```", ""];
  const tags = (doc?.tags ?? []).map(({ tag, type, name, text }) => {
    const said = link(text);
    switch (tag) {
      case "param":
        return item(`\`${name}\`: ${said}`);
      case "returns":
        return item(`Returns ${said}`);
      case "throws":
        return item(`Throws ${list(type.split("|").map((one) => link(`{@link ${one.trim()}}`)))} ${said}`);
      default:
        return `\n${text}`;
    }
  });
  const text = doc?.text.split("\n\n").map((paragraph) => `${paragraphOf(link(paragraph))}\n`) ?? [];
  return [...(inside ? [...text, ...block] : [...block, ...text]), ...tags, ...(tags.length > 0 ? [""] : [])];
}

/** "a, b or c" */
function list(names: readonly string[]): string {
  return [names.slice(0, -1).join(", "), ...names.slice(-1)].filter(Boolean).join(" or ");
}

/** Keeps the lines of lists, and wraps others. */
function paragraphOf(text: string): string {
  return text.includes("\n- ") ? text : wrap(text);
}

const item = (text: string) => wrap(`- ${text}`, "  ");

/** Breaks a text into lines of at most WIDTH, with `indent` before all but the first. */
export function wrap(text: string, indent = ""): string {
  const lines = [""];
  for (const word of text.split(/\s+/)) {
    const last = lines[lines.length - 1];
    const longer = last === "" ? word : `${last} ${word}`;
    if (longer.length <= WIDTH || last === "") lines[lines.length - 1] = longer;
    else lines.push(indent + word);
  }
  return lines.join("\n");
}

const isCallable = ({ kind }: Declaration) => kind === "method" || kind === "constructor";

function titleOf(owner: string, { name }: Declaration): string {
  return name.startsWith("[") ? `${owner}${name}` : `${owner}.${name}`;
}

/**
 * Checks that a wrong tree of sums is noticed: each edit of the kernels must change bits of what the right
 * kernels compute, which `sum-tree.test.ts` holds against the plan.
 */
import { expect, test, vi } from "vitest";
import { type WasmKernels, compile } from "../../src/engine/wasm/module.js";
import { wasmEngine } from "../support/engines.js";
import {
  type RowSums,
  SUM_CASES,
  type SumCase,
  objectiveSums,
  passOf,
} from "../unit/engine/wasm/sum-tree.js";
import { editedKernels } from "./edited-assembly.js";

vi.setConfig({ testTimeout: 60_000 }); // kernels are compiled

const [ranges, groups, tiled] = SUM_CASES;

interface WrongTree {
  readonly what: string;
  readonly file: string;
  /** The case that it is run on. */
  readonly of: SumCase;
  readonly edit: readonly [from: string, to: string];
  /** The results that change. */
  readonly caught: keyof RowSums;
}

/** The loops that add sums that are all in memory: vectors, and four f64. */
const LOOPS = [
  { caught: "vectors", left: "n * bytes", add: "addTo(left, left, left + width * bytes, vectors);" },
  { caught: "sums", left: "(n << 5)", add: "addFour(left, left, left + (width << 5));" },
] as const;
const loopOf = ({ left, add }: (typeof LOOPS)[number]) =>
  "let width: u32 = 1; width < count; width <<= 1) {\n" +
  "    for (let n: u32 = 0; n + width < count; n += width << 1) {\n" +
  `      const left = first + ${left};\n      ${add}`;

/** Edits of such a loop. */
const IN_MEMORY = [
  {
    what: "sums are added in order",
    change: (text: string) =>
      text.replace("width <<= 1", "width++").replace("n + width < count; n += width << 1", "n < 1; n++"),
  },
  {
    what: "a level is skipped",
    change: (text: string) => text.replace("width: u32 = 1", "width: u32 = 2"),
  },
  {
    what: "nodes are added twice",
    change: (text: string) => text.replace(/\n *(add.*)$/, "\n$1 $1"),
  },
  {
    what: "the last node is missing",
    change: (text: string) => text.replace("n + width < count", "n + width + 1 < count"),
  },
];

const MERGED = "return last ? number : number & ~(number + 1);";
/** Edits of which nodes a sum merges with. */
const MERGING = [
  { what: "nodes are merged twice", edit: [MERGED, "return number;"] as const },
  { what: "the last sum leaves out nodes", edit: [MERGED, "return number & ~(number + 1);"] as const },
  {
    what: "the lowest level is skipped",
    edit: [MERGED, `${MERGED.slice(0, -1).replace("return", "return ~1 & (")});`] as const,
  },
];

const FROM_LOWEST = [
  {
    caught: "vectors",
    text: "levels != 0; levels &= levels - 1) {\n    addTo(sum, nodes + ctz(levels) * bytes",
    store: "memory.copy(nodes + ctz(~number) * bytes, ",
  },
  {
    caught: "sums",
    text: "levels != 0; levels &= levels - 1) {\n    addFour(sum, nodes + (ctz(levels) << 5)",
    store: "memory.copy(nodes + (ctz(~number) << 5), ",
  },
] as const;

const WRONG: readonly WrongTree[] = [
  ...IN_MEMORY.flatMap(({ what, change }) =>
    LOOPS.map((loop) => {
      const text = loopOf(loop);
      return { what, file: "tree.ts", of: ranges, edit: [text, change(text)] as const, caught: loop.caught };
    }),
  ),
  ...[groups, tiled].flatMap((of) =>
    MERGING.map(({ what, edit }) => ({ what, file: "tree.ts", of, edit, caught: "vectors" as const })),
  ),
  ...FROM_LOWEST.flatMap(({ caught, text, store }) => [
    {
      what: "nodes merge from the highest level on",
      file: "tree.ts",
      of: groups,
      edit: [
        text,
        text
          .replace("levels &= levels - 1", "levels ^= 1 << (31 - clz(levels))")
          .replace("ctz(levels)", "(31 - clz(levels))"),
      ] as const,
      caught,
    },
    {
      what: "a node waits at another's level",
      file: "tree.ts",
      of: groups,
      edit: [store, "memory.copy(nodes, "] as const,
      caught,
    },
  ]),
  ...[
    {
      what: "eight nodes are added in order",
      edit: [
        "f32x4.add(f32x4.add(a, b), f32x4.add(c, d))",
        "f32x4.add(f32x4.add(f32x4.add(a, b), c), d)",
      ] as const,
    },
    {
      what: "the last of eight nodes is the seventh",
      edit: ["const h = v128.load((at += bytes));", "const h = v128.load(at);"] as const,
    },
    { what: "nodes past eights are missing", edit: ["else addFew(", "else if (false) addFew("] as const },
  ].map(({ what, edit }) => ({ what, file: "tree.ts", of: ranges, edit, caught: "vectors" as const })),
  {
    what: "every group is the first",
    file: "fused.ts",
    of: groups,
    edit: ["bytes, group, last, end - begin)", "bytes, 0, last, end - begin)"],
    caught: "vectors",
  },
  {
    what: "every range is the first",
    file: "tiled.ts",
    of: tiled,
    edit: ["const range = first / plan.rangeRows;", "const range: u32 = 0;"],
    caught: "vectors",
  },
  {
    what: "a range begins with the sum of the one before",
    file: "tiled.ts",
    of: tiled,
    edit: ["const begins = first % plan.rangeRows == 0;", "const begins = first == 0;"],
    caught: "vectors",
  },
  {
    what: "a range is not merged before the last",
    file: "tiled.ts",
    of: tiled,
    edit: ["const ends = last || past % plan.rangeRows == 0;", "const ends = last;"],
    caught: "vectors",
  },
];

async function computed(kernels: WasmKernels, of: SumCase): Promise<RowSums> {
  const engine = await wasmEngine({ threads: 2, kernels });
  try {
    return await objectiveSums(engine, of, passOf(of));
  } finally {
    engine.close();
  }
}

const right = new Map(SUM_CASES.map((of) => [of, compile(false).then((kernels) => computed(kernels, of))]));

test.each(WRONG)("$file, $of.kernels, $caught: noticed when $what", async ({ file, of, edit, caught }) => {
  const found = await computed(await editedKernels(file, ...edit), of);
  expect(found[caught]).not.toEqual((await right.get(of))?.[caught]);
});

test("an edit that changes nothing is not noticed", async () => {
  const commuted = await editedKernels(
    "tree.ts",
    "f32x4.add(v128.load(left + at), v128.load(right + at))",
    "f32x4.add(v128.load(right + at), v128.load(left + at))",
  );
  for (const of of SUM_CASES) expect(await computed(commuted, of)).toEqual(await right.get(of));
});

/** An option is a row of one table: a test adds one, and finds it wherever options are. */
import { beforeAll, expect, expectTypeOf, test, vi } from "vitest";
import { textOf } from "../../../scripts/imports.js";
import type * as documents from "../../../scripts/docs/options.js";
import type * as job from "../../../bench/page/train/job.js";
import type * as flags from "../../../src/cli/arguments.js";
import type * as help from "../../../src/cli/help.js";
import type { StartingModel } from "../../../src/index.js";
import type * as table from "../../../src/train/option-table.js";
import type * as options from "../../../src/train/options.js";

const source = textOf("src/train/option-table.ts").replace(
  "=> ({\n",
  `=> ({
  /** How fast it should be. Default "some". */
  haste: option<"some" | "more">({ check: oneOf("some", "more"), default: "some", engines: ["wasm"] }),
`,
);

let loaded: typeof table & typeof options & typeof flags & typeof help & typeof job & typeof documents;

beforeAll(async () => {
  vi.resetModules();
  const { oneOf } = await import("../../../src/core/checks.js");
  const table = await import("../../../src/train/option-table.js");
  const row: table.OptionRow = { check: oneOf("some", "more"), default: "some", engines: ["wasm"] };
  Reflect.set(table.OPTION_TABLE, "haste", row);
  const { OPTION_TEXTS } = await import("../../../src/train/option-texts.js");
  Reflect.set(OPTION_TEXTS, "haste", "How fast it should be.");
  loaded = {
    ...table,
    ...(await import("../../../src/train/options.js")),
    ...(await import("../../../src/cli/arguments.js")),
    ...(await import("../../../src/cli/help.js")),
    ...(await import("../../../bench/page/train/job.js")),
    ...(await import("../../../scripts/docs/options.js")),
  };
});

const parse = (given: object) => loaded.parseOptions(given);

test("a new option has a check and engines", () => {
  expect(parse({ haste: "more" })).toMatchObject({ haste: "more" });
  expect(() => parse({ haste: "less" })).toThrow('haste is "less", and must be one of "some", "more".');
  expect(() => parse({ haste: "more", engine: "reference" })).toThrow(
    'haste is "more", but engine is "reference": haste is for wasm.',
  );
});

test("a new option has a flag with help", () => {
  expect(loaded.TRAIN_FLAGS["haste"]).toEqual({ type: "string" });
  expect(loaded.trainOptions({ haste: "more" })).toEqual({ haste: "more" });
  expect(loaded.trainHelp()).toContain("--haste some|more\n    How fast it should be. Default: some.\n");
});

test("a new option has a row in the documents, and a sentence", () => {
  expect(loaded.optionsReference(source)).toContain(
    '| `haste` | `"some" \\| "more"` | some | all | wasm | How fast it should be. Default "some". |\n',
  );
  expect(loaded.optionTexts(source)).toContain('"haste":"How fast it should be."');
  expect(() => loaded.optionsReference()).toThrow("has no row of haste with a comment and a type");
});

test("a new option has a field for the page's form", () => {
  expect(Reflect.apply(loaded.fieldOf, undefined, ["haste"])).toEqual({
    option: "haste",
    name: "haste",
    choices: ["some", "more"],
  });
});

test("the types of options are those of the rows", () => {
  type Options = table.TrainOptions<string>;
  expectTypeOf<Options["epochs"]>().toEqualTypeOf<number | undefined>();
  expectTypeOf<Options["reduction"]>().toEqualTypeOf<"mean" | "sum" | undefined>();
  expectTypeOf<Options["init"]>().toEqualTypeOf<"zeros" | "centroids" | StartingModel<string> | undefined>();
  expectTypeOf<options.Settings<string>["init"]>().toEqualTypeOf<
    "zeros" | "centroids" | StartingModel<string>
  >();
  expectTypeOf<options.Settings["batchSize"]>().toEqualTypeOf<number | undefined>();
});

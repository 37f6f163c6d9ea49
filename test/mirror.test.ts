/**
 * test/unit/ mirrors src/: a file has a test at the same path, or holds types only, or is listed here with
 * the test that covers it.
 */
import { existsSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { Source } from "../scripts/docs/source.js";
import { filesOf, importsOf, textOf } from "../scripts/imports.js";

/** Tests that cover files without a test of their own, by the folder of the files. */
const COVERED: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  src: { index: "test/examples.test.ts" },
  // Commands run as a whole.
  "src/cli": {
    data: "test/unit/data/readers/reader-table.test.ts",
    evaluate: "test/unit/cli/cli.test.ts",
    help: "test/unit/train/option-table.test.ts",
    main: "test/unit/cli/process.test.ts",
    predict: "test/unit/cli/cli.test.ts",
    run: "test/unit/cli/cli.test.ts",
    train: "test/unit/cli/cli.test.ts",
  },
  "src/core": {
    base64: "test/unit/model/row-kernel.test.ts",
    checks: "test/unit/train/options.test.ts",
    progress: "test/unit/model/formats/json.test.ts",
    warnings: "test/unit/train/trainer.test.ts",
  },
  "src/data": {
    "apply-schema": "test/unit/data/read.test.ts",
    "choose-columns": "test/unit/data/read.test.ts",
    "feature-names": "test/unit/data/read.test.ts",
    "join-tables": "test/unit/data/read.test.ts",
    "parse-schema": "test/unit/data/read.test.ts",
    schema: "test/unit/data/read.test.ts",
    copied: "test/unit/model/inputs.test.ts",
    features: "test/unit/data/arrays.test.ts",
    "hash-rows": "test/unit/model/model.test.ts",
    index: "test/unit/data/readers/idx.test.ts",
  },
  "src/data/readers": {
    "byte-stream": "test/unit/data/readers/idx.test.ts",
    "arrow-messages": "test/unit/data/readers/arrow.test.ts",
    "bit-runs": "test/unit/data/readers/parquet.test.ts",
    "byte-ranges": "test/unit/data/readers/parquet.test.ts",
    "column-parts": "test/unit/data/readers/parquet.test.ts",
    damage: "test/unit/data/readers/parquet.test.ts",
    densify: "test/unit/data/readers/svmlight.test.ts",
    "flat-table": "test/unit/data/readers/arrow.test.ts",
    "json-columns": "test/unit/data/readers/json-rows.test.ts",
    "lz4-frame": "test/unit/data/readers/arrow.test.ts",
    "npy-header": "test/unit/data/readers/npy.test.ts",
    "number-list": "test/unit/data/readers/svmlight.test.ts",
    "parquet-pages": "test/unit/data/readers/parquet.test.ts",
    payload: "test/unit/data/readers/npy.test.ts",
    "scipy-sparse": "test/unit/data/readers/npz.test.ts",
    "text-codes": "test/unit/data/readers/npy.test.ts",
    "text-lines": "test/unit/data/readers/svmlight.test.ts",
    thrift: "test/unit/data/readers/parquet.test.ts",
    zip: "test/unit/data/readers/npz.test.ts",
    zstd: "test/unit/data/readers/parquet.test.ts",
    "column-builder": "test/unit/data/readers/csv.test.ts",
    "data-file": "test/unit/data/read.test.ts",
    "node-modules": "test/unit/data/read.test.ts",
    paths: "test/unit/data/read.test.ts",
    signatures: "test/unit/data/readers/reader-table.test.ts",
    sources: "test/unit/data/read.test.ts",
    "text-stream": "test/unit/data/readers/csv.test.ts",
  },
  // What every engine computes is held against bounds.
  "src/engine": {
    descent: "test/conformance/reference.test.ts",
    engine: "test/unit/engine/choose.test.ts",
    "conjugate-steps": "test/conformance/reference.test.ts",
    "least-macs": "test/unit/engine/choose.test.ts",
    open: "test/unit/train/open-engine.test.ts",
    terms: "test/unit/solvers/optimum/lbfgs.test.ts",
  },
  "src/engine/reference": {
    engine: "test/conformance/reference.test.ts",
    objective: "test/conformance/reference.test.ts",
    update: "test/unit/parity/step.test.ts",
    vectors: "test/conformance/reference.test.ts",
  },
  "src/engine/wasm": {
    descent: "test/conformance/wasm.test.ts",
    engine: "test/conformance/wasm.test.ts",
    "kernel-context": "test/conformance/wasm.test.ts",
    "logits-pass": "test/conformance/wasm.test.ts",
    module: "test/unit/engine/wasm/threads.test.ts",
    placement: "test/conformance/wasm.test.ts",
    queue: "test/unit/engine/wasm/objective.test.ts",
    resources: "test/unit/engine/wasm/threads.test.ts",
    "thread-pool": "test/unit/engine/wasm/threads.test.ts",
    vectors: "test/conformance/wasm.test.ts",
    "worker-text": "test/unit/engine/wasm/built.test.ts",
  },
  "src/engine/webgpu": {
    engine: "test/conformance/webgpu.browser.test.ts",
    placement: "test/unit/engine/webgpu/limits.browser.test.ts",
  },
  "src/engine/webgpu/descent": {
    descent: "test/conformance/webgpu.browser.test.ts",
    fused: "test/conformance/webgpu.browser.test.ts",
    orders: "test/unit/train/ahead.browser.test.ts",
    passes: "test/conformance/webgpu.browser.test.ts",
    records: "test/conformance/webgpu.browser.test.ts",
    split: "test/unit/engine/webgpu/kernels/variants.browser.test.ts",
    steps: "test/conformance/webgpu.browser.test.ts",
    tiled: "test/conformance/webgpu.browser.test.ts",
  },
  "src/engine/webgpu/device": {
    device: "test/unit/engine/webgpu/shared.browser.test.ts",
    devices: "test/unit/engine/runtime.browser.test.ts",
    flags: "test/conformance/webgpu.test.ts",
    readback: "test/unit/engine/webgpu/faults.browser.test.ts",
    timeout: "test/unit/engine/choose-faults.test.ts",
  },
  "src/engine/webgpu/kernels": {
    blocks: "test/unit/engine/webgpu/limits.browser.test.ts",
    constants: "test/conformance/webgpu.browser.test.ts",
    "fused-kernels": "test/unit/engine/webgpu/kernels/kernels.test.ts",
    "objective-kernels": "test/unit/engine/webgpu/kernels/kernels.test.ts",
    "residual-kernels": "test/unit/engine/webgpu/kernels/kernels.test.ts",
    "split-kernels": "test/unit/engine/webgpu/kernels/kernels.test.ts",
    "kept-choices": "test/unit/engine/webgpu/descent/tune.browser.test.ts",
    tuned: "test/unit/engine/webgpu/descent/tune.browser.test.ts",
    "steps-kernels": "test/unit/engine/webgpu/kernels/kernels.test.ts",
    "product-kernels": "test/unit/engine/webgpu/kernels/kernels.test.ts",
    "sum-kernels": "test/unit/engine/webgpu/kernels/kernels.test.ts",
    "update-kernels": "test/unit/engine/webgpu/kernels/kernels.test.ts",
    pipelines: "test/unit/engine/webgpu/faults.browser.test.ts",
    cut: "test/unit/engine/webgpu/limits.browser.test.ts",
    "cut-fused": "test/unit/engine/webgpu/limits.browser.test.ts",
    "cut-objective": "test/unit/engine/webgpu/kernels/choice.browser.test.ts",
    "cut-split": "test/unit/engine/webgpu/kernels/choice.browser.test.ts",
    "cut-steps": "test/unit/engine/webgpu/limits.browser.test.ts",
    "cut-tiled": "test/unit/engine/webgpu/limits.browser.test.ts",
    tiling: "test/unit/engine/webgpu/limits.browser.test.ts",
  },
  "src/engine/webgpu/objective": {
    "bind-groups": "test/unit/train/waits.browser.test.ts",
    commands: "test/unit/engine/webgpu/objective/objective.browser.test.ts",
    pages: "test/mutation/webgpu-objectives.browser.test.ts",
    "logits-pass": "test/conformance/webgpu.browser.test.ts",
    passes: "test/unit/engine/webgpu/objective/objective.browser.test.ts",
    products: "test/unit/engine/webgpu/objective/objective.browser.test.ts",
    vectors: "test/unit/engine/webgpu/objective/objective.browser.test.ts",
  },
  "src/math": {
    passes: "test/outside/derivation/gradient.test.ts",
    "row-blocks": "test/unit/model/model.test.ts",
  },
  "src/model": {
    "check-parts": "test/unit/model/model.test.ts",
    "engine-logits": "test/unit/model/predictor.test.ts",
    labelled: "test/unit/model/examples.test.ts",
    logits: "test/unit/model/model.test.ts",
    "label-errors": "test/unit/model/examples.test.ts",
    load: "test/unit/model/formats/json.test.ts",
    outputs: "test/unit/model/predictor.test.ts",
  },
  "src/model/formats": {
    "json-values": "test/unit/model/formats/json.test.ts",
    "write-json": "test/unit/model/formats/json.test.ts",
  },
  "src/model/statistics": {
    identified: "test/unit/model/statistics/statistics.test.ts",
    information: "test/unit/model/statistics/statistics.test.ts",
  },
  "src/parity": { stages: "test/unit/parity/step.test.ts" },
  "src/solvers/minibatch": { descend: "test/unit/train/train.test.ts" },
  // The methods together reach optima that are known, one by one where they are hard to reach.
  "src/solvers/optimum": {
    afresh: "test/conformance/resuming.test.ts",
    "conjugate-gradients": "test/unit/solvers/optimum/newton-equation.test.ts",
    "dense-equation": "test/unit/solvers/optimum/newton-equation.test.ts",
    history: "test/unit/solvers/optimum/method-state.test.ts",
    "line-search": "test/unit/solvers/optimum/edges.test.ts",
    method: "test/unit/solvers/optimum/phases.test.ts",
    minimise: "test/unit/solvers/optimum/phases.test.ts",
    newton: "test/unit/solvers/optimum/method-state.test.ts",
    "orthant-newton": "test/unit/solvers/optimum/method-state.test.ts",
    "orthant-step": "test/outside/sparse.test.ts",
    "owl-qn": "test/unit/solvers/optimum/method-state.test.ts",
    "proximal-newton": "test/unit/solvers/optimum/method-state.test.ts",
    reasons: "test/unit/solvers/optimum/stopping.test.ts",
    rounding: "test/unit/solvers/optimum/edges.test.ts",
  },
  "src/solvers": { solver: "test/unit/train/trainer.test.ts" },
  "src/sweep": {
    chains: "test/unit/sweep/sweep.test.ts",
    folds: "test/unit/sweep/sweep.test.ts",
    options: "test/unit/sweep/sweep.test.ts",
    path: "test/unit/sweep/sweep.test.ts",
    penalties: "test/unit/sweep/sweep.test.ts",
    "score-table": "test/unit/sweep/sweep.test.ts",
    scoring: "test/unit/sweep/sweep.test.ts",
    table: "test/unit/sweep/sweep.test.ts",
  },
  "src/train": {
    callbacks: "test/unit/train/trainer.test.ts",
    centroids: "test/unit/train/init.test.ts",
    "first-order": "test/conformance/resuming.test.ts",
    optimise: "test/unit/train/reasons.test.ts",
    "option-texts": "test/reference.test.ts",
    recorded: "test/unit/model/model.test.ts",
    problem: "test/unit/train/repetition.test.ts",
    result: "test/unit/train/train.test.ts",
  },
};

const listed: ReadonlyMap<string, string> = new Map(
  Object.entries(COVERED).flatMap(([folder, files]) =>
    Object.entries(files).map(([name, covering]) => [`${folder}/${name}.ts`, covering] as const),
  ),
);

const exists = (path: string) => existsSync(join(import.meta.dirname, "..", path));

function hasOwnTest(path: string): boolean {
  const base = path.replace("src/", "test/unit/").replace(/\.ts$/, "");
  return exists(`${base}.test.ts`) || exists(`${base}.browser.test.ts`);
}

/** Tells whether a file declares and imports types only, so that nothing of it runs. */
function holdsTypesOnly(path: string): boolean {
  if (path.endsWith(".d.ts")) return true;
  return new Source(path).body.every((statement) => {
    const node =
      statement.type === "ExportNamedDeclaration" ? (statement.declaration ?? statement) : statement;
    if (node.type === "ImportDeclaration") return node.importKind === "type";
    return ["TSInterfaceDeclaration", "TSTypeAliasDeclaration"].includes(node.type);
  });
}

/** Files that a file imports, or builds by their path from the root, directly or through others. */
function reachedFrom(path: string): Set<string> {
  const reached = new Set([path]);
  for (const one of reached) {
    if (!exists(one)) continue;
    const text = textOf(one);
    for (const { to } of importsOf(one, text)) reached.add(to);
    for (const [, named] of text.matchAll(/"(?:\.\.\/)*((?:src\/[\w./-]+|vite\.config)\.ts)"/g))
      reached.add(named);
  }
  return reached;
}

/** Files with neither a test of their own, nor types only, nor a place in the list. */
function untested(paths: readonly string[], list: ReadonlyMap<string, string>): string[] {
  return paths.filter((path) => !hasOwnTest(path) && !list.has(path) && !holdsTypesOnly(path));
}

test("every file has a test at its path, or is covered by another", () => {
  expect(untested(filesOf("src"), listed)).toEqual([]);
});

test("the list has no file that is gone, has a test of its own or holds types only", () => {
  const idle = [...listed.keys()].filter((path) => !exists(path) || hasOwnTest(path) || holdsTypesOnly(path));
  expect(idle).toEqual([]);
});

test("the tests of the list exist, and reach the files that they cover", () => {
  const reach = new Map(Array.from(new Set(listed.values()), (path) => [path, reachedFrom(path)]));
  const missed = [...listed].filter(
    ([path, covering]) => !exists(covering) || !reach.get(covering)?.has(path),
  );
  expect(missed).toEqual([]);
});

test("a file without a test, and a test that does not reach a file, are found", () => {
  const files = ["src/index.ts", "src/core/sums.ts", "src/engine/vectors.ts"];
  expect(untested(files, new Map())).toEqual(["src/index.ts"]);
  expect(reachedFrom("test/unit/core/sums.test.ts")).not.toContain("src/core/random.ts");
  expect(reachedFrom("test/unit/cli/process.test.ts")).toContain("src/cli/main.ts");
});

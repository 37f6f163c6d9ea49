/** Faults of files, pipes and signals, injected into the built command. */
import { link, mkdtemp, readFile, readdir, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { type Ended, smigh } from "../support/command.js";
import type { Fault, Outcome } from "./fault.js";

const ROWS = 300;
const FEATURES = 10;
/** More memory than the command needs for these files, and less than a decompressed bomb of 512 MiB. */
const PEAK_BYTES = 400 * 2 ** 20;
const TRAIN = ["train", "x.idx", "--labels", "y.idx"];
const LONG = [...TRAIN, "-o", "model.json", "--solver", "sgd", "--epochs", "1000000000"];

let model: Promise<Buffer> | undefined;

/** The file of a model with `FEATURES` features. */
async function trained(): Promise<Buffer> {
  const folder = await mkdtemp(join(tmpdir(), "smigh-fault-"));
  try {
    await writeInputs(folder);
    const { status } = await smigh([...TRAIN, "-o", "model.json"], { folder });
    return await readFile(join(folder, "model.json")).catch((cause: unknown) => {
      throw new Error(`The command did not train: ${status}`, { cause });
    });
  } finally {
    await rm(folder, { recursive: true });
  }
}

/** Runs `work` in a folder of inputs and models. Only the files in `changing` may change. */
async function inFolder(
  work: (folder: string) => Promise<Outcome>,
  changing: readonly string[] = [],
): Promise<Outcome> {
  model ??= trained();
  const folder = await mkdtemp(join(tmpdir(), "smigh-fault-"));
  try {
    await writeInputs(folder);
    for (const name of ["model.json", "old.json"]) await writeFile(join(folder, name), await model);
    const before = await contents(folder);
    const outcome = await work(folder);
    const after = await contents(folder);
    const left = [...after.keys()].some((name) => name.endsWith(".tmp"));
    const lost = [...before].some(([name, bytes]) => !changing.includes(name) && after.get(name) !== bytes);
    return lost ? "silent" : left && outcome !== "hang" ? "leak" : outcome;
  } finally {
    await rm(folder, { recursive: true });
  }
}

async function contents(folder: string): Promise<Map<string, string>> {
  const names = await readdir(folder);
  const files = await Promise.all(names.map((name) => readFile(join(folder, name), "latin1")));
  return new Map(names.map((name, n) => [name, files[n]]));
}

async function writeInputs(folder: string): Promise<void> {
  const pixels = Uint8Array.from({ length: ROWS * FEATURES }, (_, i) => (i * i * 31 + (i >> 3) * 7) % 256);
  await writeFile(join(folder, "x.idx"), idx([ROWS, FEATURES], pixels));
  await writeFile(join(folder, "wide.idx"), idx([ROWS, 10 * FEATURES], new Uint8Array(10 * pixels.length)));
  const labels = Uint8Array.from({ length: ROWS }, (_, row) => row % 3);
  await writeFile(join(folder, "y.idx"), idx([ROWS], labels));
}

/** An IDX file of unsigned bytes. */
function idx(shape: readonly number[], values: Uint8Array): Buffer {
  const header = Buffer.alloc(4 + 4 * shape.length);
  header.set([0, 0, 8, shape.length]);
  shape.forEach((size, dimension) => header.writeUInt32BE(size, 4 + 4 * dimension));
  return Buffer.concat([header, values]);
}

/**
 * Judges a command that had to fail: it must print one line with the reason, and nothing on standard output.
 */
function refusal({ exit, out, status, timedOut, peakBytes }: Ended, reason: RegExp, wanted = 1): Outcome {
  if (timedOut) return "hang";
  if (peakBytes > PEAK_BYTES) return "leak";
  if (exit === 0) return "silent";
  const line = /^smigh: .*\n$/.test(status) && reason.test(status);
  return line && exit === wanted && out === "" ? "named" : "unclear";
}

/** Runs the command, which must refuse for `reason` and leave all files unchanged. */
function refuses(
  item: number,
  name: string,
  words: readonly string[],
  reason: RegExp,
  { exit = 1, prepare }: { exit?: number; prepare?: (folder: string) => Promise<void> } = {},
): Fault {
  const run = () =>
    inFolder(async (folder) => {
      await prepare?.(folder);
      return refusal(await smigh(words, { folder }), reason, exit);
    });
  return { name, item, run };
}

/** Names an input as the output; `name` describes it. */
function overwrites(
  name: string,
  words: readonly string[],
  prepare?: (folder: string) => Promise<void>,
): Fault {
  const reason = /to be read.*--output/;
  return refuses(21, `the output is ${name}`, words, reason, { exit: 2, ...(prepare && { prepare }) });
}

/** Fills the disk while the output overwrites an existing file. */
function fullDisk(name: string, words: readonly string[]): Fault {
  const run = () =>
    inFolder(async (folder) => {
      const ended = await smigh([...words, "-o", "old.json"], { folder, fileLimit: 1 });
      const progress = /^(?!smigh: ).*\n/gm; // progress comes before the error
      return refusal({ ...ended, status: ended.status.replace(progress, "") }, /old\.json.*EFBIG/);
    });
  return { name: `the disk is full when ${name}`, item: 21, run };
}

/**
 * Sends a signal during training: the weights so far must be saved, and the exit status must tell the signal.
 */
function signalled(signal: "SIGINT" | "SIGTERM", exit: number): Fault {
  const run = () =>
    inFolder(
      async (folder) => {
        const ended = await smigh(LONG, { folder, onProgress: (child) => child.kill(signal) });
        if (ended.timedOut) return "hang";
        const file = JSON.parse(await readFile(join(folder, "model.json"), "utf8"));
        if (!/aborted after/.test(file.training.reason)) return "silent";
        return ended.exit === exit && /weights so far/.test(ended.status) ? "recovered" : "unclear";
      },
      ["model.json"],
    );
  return { name: `${signal} during training`, item: 21, run };
}

/** Closes one of the streams: the model must be written all the same. */
function unread(closed: "out" | "status", name: string): Fault {
  const run = () =>
    inFolder(async (folder) => {
      const { exit, timedOut } = await smigh([...TRAIN, "-o", "new.json"], { folder, closed });
      if (timedOut) return "hang";
      const written = await readFile(join(folder, "new.json"), "utf8").catch(() => "");
      if (!written.endsWith("}\n")) return exit === 0 ? "silent" : "unclear";
      return exit === 0 ? "recovered" : "unclear";
    });
  return { name: `${name} is closed`, item: 21, run };
}

/** `start`, then 32 gzip streams of 16 MiB of zeros each, which gzip reads as one. */
function bomb(name: string, start: Uint8Array, reason: RegExp): Fault {
  return refuses(22, `a gzip bomb of 512 MiB ${name}`, ["predict", "model.json", "bomb.gz"], reason, {
    prepare: async (folder) => {
      const zeros = gzipSync(Buffer.alloc(2 ** 24));
      const streams = [gzipSync(start), ...Array.from({ length: 32 }, () => zeros)];
      await writeFile(join(folder, "bomb.gz"), Buffer.concat(streams));
    },
  });
}

export const cliFaults: readonly Fault[] = [
  refuses(
    13,
    "rows of other features to predict",
    ["predict", "model.json", "wide.idx"],
    /100 features.* 10\./,
  ),
  refuses(
    13,
    "rows of other features to evaluate",
    ["evaluate", "model.json", "wide.idx", "--labels", "y.idx"],
    /100 features.* 10\./,
  ),
  refuses(
    13,
    "a model of other features to go on from",
    ["train", "wide.idx", "--labels", "y.idx", "--init", "model.json", "-o", "new.json"],
    /10 features.* 100/,
    { exit: 2 },
  ),
  fullDisk("a model is written", TRAIN),
  fullDisk("predictions are written", ["predict", "--proba", "model.json", "x.idx"]),
  refuses(21, "the output's folder is missing", [...TRAIN, "-o", "nowhere/m.json"], /no folder nowhere/),
  refuses(21, "the output is a folder", [...TRAIN, "-o", "."], /is a folder/),
  refuses(21, "the output is in a file", [...TRAIN, "-o", "x.idx/m.json"], /ENOTDIR/),
  overwrites("DATA", [...TRAIN, "-o", "./x.idx"]),
  overwrites("the labels", [...TRAIN, "-o", "y.idx"]),
  overwrites("the model of --init", [...TRAIN, "--init", "model.json", "-o", "model.json"]),
  overwrites("the model to predict by", ["predict", "model.json", "x.idx", "-o", "./model.json"]),
  overwrites("a symbolic link to DATA", [...TRAIN, "-o", "soft"], (folder) =>
    symlink("x.idx", join(folder, "soft")),
  ),
  overwrites("a hard link to the labels", [...TRAIN, "-o", "hard"], (folder) =>
    link(join(folder, "y.idx"), join(folder, "hard")),
  ),
  unread("status", "standard error"),
  unread("out", "standard output"),
  signalled("SIGINT", 130),
  signalled("SIGTERM", 143),
  bomb("without a header", new Uint8Array(0), /begins with 00 00 00 00/),
  bomb("after ten values", idx([1, 10], new Uint8Array(0)), /make 22 bytes, the file has at least/),
  refuses(
    22,
    "a header of 2^40 values",
    ["predict", "model.json", "huge.idx"],
    /1099511627776 values.*4294967296/,
    {
      prepare: (folder) => writeFile(join(folder, "huge.idx"), idx([2 ** 20, 2 ** 20], new Uint8Array(0))),
    },
  ),
];

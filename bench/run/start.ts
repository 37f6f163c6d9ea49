/** `npm start`: trains on the digits in the user's browser or, without a display, in a headless Chrome. */
import { access, constants, writeFile } from "node:fs/promises";
import { dirname } from "node:path";
import process from "node:process";
import { type CommandLine, USAGE, CommandLineError, commandLine } from "./command-line.js";
import type { Adapter } from "../browsers/chrome.js";
import type { HeadlessTraining } from "../browsers/headless.js";
import * as format from "../page/shared/format.js";
import type { DriverReport, Summary } from "../page/train/protocol.js";
import * as words from "../page/train/words.js";
import { Terminal, progressLine } from "./terminal.js";

const INTERRUPTED = 130;

/** The solver where WebGPU is in software and none is asked for: it needs seconds, not minutes. */
const QUICK = { solver: "adam", epochs: "5" };
const QUICK_WORDS =
  "WebGPU is in software here, so adam trains, which takes seconds; npm start -- --solver lbfgs goes to the exact " +
  "optimum, which takes minutes, and npm start -- --engine wasm uses all of the processor.";

const terminal = new Terminal(process.stderr);
const interruption = new AbortController();
for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => interruption.abort());

try {
  process.exitCode = await main(commandLine(process.argv.slice(2)));
} catch (error) {
  terminal.close();
  process.exitCode = explain(error);
}

async function main(line: CommandLine): Promise<number> {
  if (line.help) {
    process.stdout.write(USAGE);
    return 0;
  }
  return line.headless ? headless(line) : inBrowser(line);
}

/** Serves the page until Ctrl-C. */
async function inBrowser({ query }: CommandLine): Promise<number> {
  const { serve } = await import("../browsers/serve.js");
  const address = `?${query}`;
  const { server, url } = await serve(address);
  terminal.say(`smigh trains in your browser, at ${new URL(address, url).href}\nPress Ctrl-C to stop.`);
  if (!interruption.signal.aborted) {
    await new Promise((stop) => {
      interruption.signal.addEventListener("abort", stop);
    });
  }
  await server.close();
  return 0;
}

async function headless({ query, open, json, model }: CommandLine): Promise<number> {
  await access(dirname(model), constants.W_OK).catch((cause: unknown) => {
    throw new Error(`The model cannot be saved as ${model}: its folder is missing or read-only.`, { cause });
  });
  const { serve } = await import("../browsers/serve.js"); // Vite and Playwright load for a second
  const { trainHeadless } = await import("../browsers/headless.js");
  const { server, url } = await serve();
  const isQuick = (adapter: Adapter) => open && adapter === "swiftshader";
  try {
    const trained = await trainHeadless(
      (adapter) => {
        const all = new URLSearchParams([...query, ...(isQuick(adapter) ? Object.entries(QUICK) : [])]);
        return new URL(`?${all}`, url).href;
      },
      {
        onChrome: ({ path, source }, adapter) => {
          terminal.say(`smigh trains in headless Chrome: ${path} (${source})`);
          if (isQuick(adapter)) terminal.say(QUICK_WORDS);
        },
        onReport: show,
      },
      interruption.signal,
    );
    return await deliver(trained, json, model);
  } finally {
    await server.close();
  }
}

function show(report: DriverReport): void {
  switch (report.kind) {
    case "loading":
      return terminal.show(`loading the digits: ${format.percent(report.bytes / report.total, 0)}`);
    case "progress":
      return terminal.show(progressLine(report.progress, report.limit), report.progress.fraction === 1);
    case "evaluating":
      return terminal.show("evaluating the model on all digits");
    default:
  }
}

async function deliver({ summary, file }: HeadlessTraining, json: boolean, model: string): Promise<number> {
  await writeFile(model, file);
  terminal.clear();
  process.stdout.write(json ? `${JSON.stringify(result(summary, model))}\n` : `${report(summary, model)}\n`);
  if (!summary.parity || summary.parity.rho < 1) return 0;
  terminal.say(`The passes compute wrong numbers on this adapter: ${words.parityWords(summary.parity)}`);
  return 1;
}

function result(summary: Summary, model: string): object {
  const { engine, examples, limit, taken, loss, trainAccuracy, testAccuracy, seconds } = summary;
  const { gradientMax, converged, reason, parity } = summary;
  return {
    engine: engine.name,
    adapter: engine.adapter,
    why: engine.why,
    examples,
    [`${limit.unit}s`]: taken,
    loss,
    gradientMax,
    trainAccuracy,
    testAccuracy,
    seconds,
    converged,
    reason,
    parity,
    model,
  };
}

function report(summary: Summary, model: string): string {
  const { engine, loss, testAccuracy, seconds, reason, parity } = summary;
  return `
  test accuracy   ${format.percent(testAccuracy)}
                  ${words.accuracyWords(summary)}
  loss            ${format.loss(loss)}
  engine          ${engine.name} on ${engine.adapter}
                  ${engine.why}
  time            ${format.seconds(seconds)} for ${words.takenWords(summary)}
                  ${reason}
${
  parity
    ? `  parity          ${words.parityWords(parity)}
`
    : ""
}\
  model           ${model}
`;
}

/** Writes one line that says what went wrong, and returns the exit status. */
function explain(error: unknown): number {
  if (interruption.signal.aborted) return INTERRUPTED;
  const { name, message } = error instanceof Error ? error : new Error(String(error));
  process.stderr.write(`${message.replaceAll(/\s+/g, " ")}\n`);
  if (error instanceof CommandLineError) process.stderr.write("npm start -- --help lists the options.\n");
  return error instanceof CommandLineError || name === "OptionError" ? 2 : 1;
}

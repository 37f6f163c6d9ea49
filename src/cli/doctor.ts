/** `smigh doctor`: prints the engines and adapters of this machine. */
import { chooseEngine } from "../engine/choose.js";
import { ENGINES, type EngineName } from "../engine/engine.js";
import { LEAST_MACS } from "../engine/least-macs.js";
import { type ListedAdapter, listAdapters } from "../engine/webgpu/device/adapters.js";
import { parse } from "./arguments.js";
import type { Streams } from "./streams.js";

/** Prints which engine "auto" picks on this machine and why, what each engine runs on, and all adapters. */
export async function doctorCommand(words: readonly string[], { out }: Streams): Promise<void> {
  parse(words, {}, []);
  const { engine, why } = await chooseEngine("auto");
  engine.close();
  out(`auto picks ${engine.name} (${engine.adapter}): ${why}\n`);
  const [waiting, queued] = [LEAST_MACS.waiting, LEAST_MACS.queued].map((macs) => macs.toLocaleString("en"));
  out(
    `Below ${waiting} multiply-adds (rows × features × classes) it picks wasm; for mini-batches below ${queued}.\n\n`,
  );
  for (const name of ENGINES) out(`${name.padEnd(9)}  ${await adapterOf(name)}\n`);
  const adapters = await listAdapters().catch(() => []); // the line of webgpu says why there are none
  if (adapters.length > 0)
    out(
      `\nAdapters of webgpu, and the ways to ask for each: --adapter takes a preference or part of a name\n`,
    );
  for (const one of adapters) out(`  ${inWords(one)}\n`);
}

function inWords({
  adapter,
  slow,
  answersTo,
  limits,
  subgroups,
  compatibility,
  lack,
}: ListedAdapter): string {
  const gibibytes = (Math.min(limits.maxBufferSize, limits.maxStorageBufferBindingSize) / 2 ** 30).toFixed(2);
  const kind = [
    slow ? "software" : "hardware",
    ...(compatibility ? ["of the compatibility level"] : []),
    ...(subgroups ? ["subgroups"] : []),
    `${limits.maxStorageBuffersPerShaderStage} storage buffers of ${gibibytes} GiB`,
    ...(lack === undefined ? [] : [`too small: ${lack}`]),
  ];
  return `${adapter} (${answersTo.join(", ")}): ${kind.join(", ")}`;
}

/** Returns the adapter of an engine, or why it does not open. */
async function adapterOf(name: EngineName): Promise<string> {
  try {
    const { engine } = await chooseEngine(name);
    engine.close();
    return engine.note === undefined ? engine.adapter : `${engine.adapter}: ${engine.note}`;
  } catch (error) {
    return `not available: ${error instanceof Error ? error.message : String(error)}`;
  }
}

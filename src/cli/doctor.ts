/** `smigh doctor`: prints the engines of this machine. */
import { chooseEngine } from "../engine/choose.js";
import { ENGINES, type EngineName } from "../engine/engine.js";
import { LEAST_MACS } from "../engine/least-macs.js";
import { parse } from "./arguments.js";
import type { Streams } from "./streams.js";

/** Prints which engine "auto" picks on this machine and why, and what each engine runs on. */
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

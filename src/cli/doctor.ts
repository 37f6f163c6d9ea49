import { chooseEngine } from "../engine/choose.js";
import { parse } from "./arguments.js";
import type { Streams } from "./streams.js";

/** Says which engine "auto" picks on this machine, and why. */
export async function doctor(words: readonly string[], { out }: Streams): Promise<void> {
  parse(words, {}, []);
  const { engine, why } = await chooseEngine("auto");
  out(`auto picks ${engine.name} (${engine.adapter}): ${why}\n`);
  engine.close();
}

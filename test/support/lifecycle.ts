/** Node scripts that use the published library in ways that once leaked, hung or failed. */
import { join } from "node:path";
import process from "node:process";
import { pathToFileURL } from "node:url";
import { type Ended, runNode, runScript } from "./built.js";

/** Flags of a Node process that may read files, but start neither threads nor processes. */
export const NO_WORKERS = [
  process.allowedNodeEnvironmentFlags.has("--permission") ? "--permission" : "--experimental-permission",
  "--allow-fs-read=*",
];

/** A script that imports the library from the folder. */
export function scriptOf(folder: string, script: string): string {
  const library = JSON.stringify(pathToFileURL(join(folder, "index.js")).href);
  return `import { train, trainer } from ${library};\n${script}`;
}

/** Memory of the process in MB after each of several consecutive fits on the wasm engine. */
export async function memoryOfFits(folder: string, fits: number, megabytes: number): Promise<number[]> {
  const script = scriptOf(
    folder,
    `const features = 1024;
    const rows = ${megabytes * 256};
    const x = new Float32Array(rows * features);
    for (let i = 0; i < x.length; i += 97) x[i] = i % 7;
    const y = Array.from({ length: rows }, (_, row) => row % 2);
    const used = [];
    for (let fit = 0; fit < ${fits}; fit++) {
      await train({ x, y, features }, { engine: "wasm", solver: "sgd", epochs: 1, batchSize: rows });
      used.push(Math.round(process.memoryUsage().rss / 2 ** 20));
    }
    console.log(JSON.stringify(used));`,
  );
  const { stdout, stderr } = await runScript(script, [], 20 + 30 * fits);
  if (stdout === "") throw new Error(`The fits failed: ${stderr}`);
  return JSON.parse(stdout);
}

/** Whether the memory after the last fit exceeds that after the second by at most a tenth and 50 MB. */
export function levels(used: readonly number[]): boolean {
  return used[used.length - 1] <= 1.1 * used[1] + 50;
}

/** Runs a process that abandons a trainer after its first report. */
export function abandon(folder: string): Promise<Ended> {
  const script = scriptOf(
    folder,
    `const x = Array.from({ length: 600 }, (_, n) => [n % 7, n % 11]);
    const y = x.map(([a, b]) => (a > b ? "more" : "less"));
    await trainer({ x, y }, { engine: "wasm", solver: "sgd", epochs: 9 })[Symbol.asyncIterator]().next();
    console.log("dropped");`,
  );
  return runScript(script, [], 60);
}

/** A script that trains and prints the engine it trained on, as JSON. */
function trainingIn(folder: string): string {
  return scriptOf(
    folder,
    `const model = await train({ x: [[0], [1]], y: ["a", "b"] }, { engine: "wasm" });
    console.log(JSON.stringify(model.engine));`,
  );
}

/** Trains in a process with these flags, which prints its engine as JSON. */
export function trainIn(folder: string, flags: readonly string[]): Promise<Ended> {
  return runScript(trainingIn(folder), flags, 60);
}

/** Does the same in a script on the command line, whose flags a worker must not take. */
export function trainInline(folder: string): Promise<Ended> {
  return runNode(["--input-type=module", "--eval", trainingIn(folder)], 60);
}

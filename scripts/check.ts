/**
 * Runs the scripts `check:…` of package.json, two at a time in their order there, and prints the output of
 * each when it has ended. Leaves out check:gpu, which needs more than Node. Exit status 1 if one fails.
 */
import { spawn } from "node:child_process";
import { once } from "node:events";
import process from "node:process";
import { scripts } from "../package.json" with { type: "json" };

const waiting = Object.keys(scripts).filter((name) => name.startsWith("check:") && name !== "check:gpu");

async function check(name: string): Promise<void> {
  const began = performance.now();
  const child = spawn(`npm run --silent ${name}`, { shell: true, stdio: ["ignore", "pipe", "pipe"] });
  let output = "";
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding("utf8").on("data", (text: string) => (output += text));
  }
  const [status] = await once(child, "close");
  if (status !== 0) process.exitCode = 1;
  const seconds = ((performance.now() - began) / 1000).toFixed(0);
  console.log(`${output}== ${name} ${status === 0 ? "passed" : "FAILED"} in ${seconds} s`);
}

async function checkWaiting(): Promise<void> {
  for (let name = waiting.shift(); name !== undefined; name = waiting.shift()) await check(name);
}

await Promise.all([checkWaiting(), checkWaiting()]);

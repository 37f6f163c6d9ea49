// Runs the examples one after another. Fails where one fails or prints nothing.
import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";

const EXAMPLES = ["iris", "embeddings", "sweep", "progress", "save-and-load"];

for (const name of EXAMPLES) {
  const file = fileURLToPath(new URL(`${name}.mjs`, import.meta.url));
  const { status, signal, stdout, stderr, error } = spawnSync(process.execPath, [file], {
    encoding: "utf8",
    timeout: 60_000,
  });
  console.log(`== ${name}\n${stdout}`);
  if (status !== 0 || stdout.trim() === "") {
    console.error(stderr);
    const why = error?.message ?? (status === 0 ? "it printed nothing" : `exit status ${status ?? signal}`);
    console.error(`examples/${name}.mjs failed: ${why}`);
    process.exitCode = 1;
  }
}

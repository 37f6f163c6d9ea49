/** `npm run test:deno`: runs the WebGPU engine's tests on a second implementation of WebGPU. */
import { join } from "node:path";
import process from "node:process";
import { denoScript } from "../browsers/deno/deno.js";

try {
  const script = await denoScript("test-in-deno.ts", {
    vitest: join(import.meta.dirname, "../browsers/deno/vitest.ts"),
  });
  try {
    console.log(script.version);
    const { status } = await script.run();
    process.exitCode = status;
  } finally {
    await script.close();
  }
} catch (error) {
  console.error(error instanceof Error ? error.message : String(error));
  process.exitCode = 1;
}

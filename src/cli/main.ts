#!/usr/bin/env node
/** The entry point of the `smigh` command. */
import process from "node:process";
import { run } from "./run.js";

// A reader of the pipe, such as `head`, may close it early, which is no error.
process.stdout.on("error", (error: NodeJS.ErrnoException) => {
  if (error.code !== "EPIPE") {
    status(`smigh: standard output cannot be written: ${error.message}.\n`);
    process.exitCode = 1;
  }
  process.exit();
});

// Ignore a closed standard error: the job goes on without progress.
process.stderr.on("error", () => {});

function status(text: string): void {
  try {
    process.stderr.write(text);
  } catch {
    // some releases of Node throw here what others emit
  }
}

process.exitCode = await run(process.argv.slice(2), {
  out: (text) => process.stdout.write(text),
  status,
  live: process.stderr.isTTY,
  columns: () => process.stderr.columns,
});

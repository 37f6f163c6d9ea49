#!/usr/bin/env node
import process from "node:process";
import { run } from "./run.js";

// The reader of a pipe may have seen enough, as `head` has.
process.stdout.on("error", (error: NodeJS.ErrnoException) => {
  if (error.code !== "EPIPE") {
    status(`smigh: standard output cannot be written: ${error.message}.\n`);
    process.exitCode = 1;
  }
  process.exit();
});

// A job goes on where nobody can be told how it is getting on.
process.stderr.on("error", () => {});

function status(text: string): void {
  try {
    process.stderr.write(text);
  } catch {
    // Some releases of Node throw here what others emit.
  }
}

process.exitCode = await run(process.argv.slice(2), {
  out: (text) => process.stdout.write(text),
  status,
  live: process.stderr.isTTY,
});

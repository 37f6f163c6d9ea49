#!/usr/bin/env node
import process from "node:process";
import { FileError } from "./file-error.js";
import { run } from "./run.js";

// The reader of a pipe may have seen enough, as `head` has.
process.stdout.on("error", (error: NodeJS.ErrnoException) => {
  if (error.code !== "EPIPE") {
    status(`smigh: standard output cannot be written: ${error.message}\n`);
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
    // A file or a device is written at once, and fails at once.
  }
}

function out(text: string): void {
  try {
    process.stdout.write(text);
  } catch (cause) {
    throw new FileError(
      `standard output cannot be written: ${cause instanceof Error ? cause.message : String(cause)}.`,
      { cause },
    );
  }
}

process.exitCode = await run(process.argv.slice(2), {
  out,
  status,
  live: process.stderr.isTTY,
});

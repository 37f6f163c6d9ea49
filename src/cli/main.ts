#!/usr/bin/env node
import process from "node:process";
import { run } from "./run.js";

// The reader of a pipe may have seen enough, as `head` has.
process.stdout.on("error", (error: NodeJS.ErrnoException) => {
  if (error.code !== "EPIPE") throw error;
  process.exit();
});

process.exitCode = await run(process.argv.slice(2), {
  out: (text) => process.stdout.write(text),
  status: (text) => process.stderr.write(text),
  live: process.stderr.isTTY,
});

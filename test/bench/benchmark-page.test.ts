// Tests the benchmark's page in a real browser.
import { readFile } from "node:fs/promises";
import type { Page } from "playwright";
import { beforeEach, expect, test } from "vitest";
import { serveBenchmark } from "../../bench/browsers/benchmark.js";
import { readResult } from "../../bench/measure/result.js";
import { visits } from "../support/page.js";
import { RESULT } from "./results.js";

const visit = visits(serveBenchmark);
let page: Page;
beforeEach(async () => {
  ({ page } = visit());
  await page.goto(visit().site.url);
});

const until = (state: string) => page.waitForSelector(`body[data-state="${state}"]`);
const text = (selector: string) => page.innerText(selector);

async function choose(name: "workload" | "system", values: readonly string[]): Promise<void> {
  for (const box of await page.locator(`input[name=${name}]`).all())
    await box.setChecked(values.includes((await box.getAttribute("value")) ?? ""));
}

test("measures, shows, gives the result away, and shows another one beside it", async () => {
  await choose("workload", ["tiny"]);
  await choose("system", ["smigh/wasm", "smigh/reference", "jax-js/wasm"]);
  await page.click("#start");
  await until("running");
  expect(await page.isEnabled("#start")).toBe(false);
  await until("ended");
  expect(await text("#status")).toBe("Done: 3 measurements.");
  expect(await page.locator("#board tbody th span").allInnerTexts()).toEqual([
    "smigh/wasm",
    "smigh/reference",
    "jax-js/wasm",
  ]);
  expect(await page.locator("#board .steady .spread").count()).toBe(3);
  expect(await text("#board .cold .value")).toMatch(/\d.(ms|s)$/);

  const [download] = await Promise.all([page.waitForEvent("download"), page.click("#download")]);
  const own = readResult(await readFile(await download.path(), "utf8"));
  expect(own.runs.map(({ system, samples }) => [system, samples])).toEqual([
    ["smigh/wasm", 5],
    ["smigh/reference", 5],
    ["jax-js/wasm", 5],
  ]);
  expect(own.runs[0]?.adapter).toMatch(/^WebAssembly, .*SIMD, \d+ threads?$/);
  expect(own.runs[0]).not.toHaveProperty("bytesMoved");
  expect(own.peakGflops).toBeGreaterThan(1);
  // Even one thread does more than a multiply-add of four lanes every two cycles at 1 GHz.
  expect(own.cpuPeakGflops).toBeGreaterThan(4);
  expect(own.gpu?.limits["maxBufferSize"]).toBeGreaterThan(0);

  await page.setInputFiles("#load", file("theirs.json", JSON.stringify(RESULT)));
  await page.click("#metrics >> text=GFLOP/s");
  expect(await page.locator("#board").innerText()).toMatch(/The line marks the peak multiply-add rate: /);
  expect(await text("#theirs")).toMatch(
    /^Outlined: theirs\.json, Chrome 156 on X11; Linux x86_64, Nov \d+, 2026\./,
  );
  expect(await page.locator("#board tbody tr.loaded").count()).toBe(3);
  expect(await page.locator("#board tr.loaded .value").allInnerTexts()).toContainEqual(
    expect.stringMatching(/of the peak/),
  );
  expect(await text("#board .failed")).toMatch(/^Failed\. out of\s+memory$/);
  expect(await page.locator("#sweep figure canvas").count()).toBe(1);
  await page.click("#theirs button");
  expect(await page.locator("#board tbody tr").count()).toBe(3);

  await page.setInputFiles("#load", file("weights.json", `{"weights":[1]}`));
  await page.waitForSelector("#trouble h2");
  expect(await text("#trouble")).toMatch(/weights\.json is not a benchmark result\s+date is missing/);
});

test("stops at once, also in the middle of a step that takes seconds, with what it has", async () => {
  await choose("workload", ["tiny", "probe"]);
  await choose("system", ["smigh/reference"]);
  await page.click("#start");
  await page.waitForFunction(() =>
    document.querySelector("#board")?.textContent?.includes("opening, first 2"),
  );
  await page.waitForTimeout(200);
  const asked = performance.now();
  await page.click("#stop");
  await until("ended");
  expect(performance.now() - asked).toBeLessThan(3000);
  expect(await text("#status")).toMatch(/^Stopped\./);
  expect(await page.locator("#board article").count()).toBe(1);
  expect(await page.locator("#board .steady").count()).toBe(1);
});

test("sweeps the batch size", async () => {
  await choose("workload", ["tiny"]);
  await choose("system", ["smigh/reference"]);
  await page.click("#sweep-start");
  await until("ended");
  expect(await text("#status")).toBe("Done: 6 measurements.");
  expect(await page.getAttribute("#sweep [role=img]", "aria-label")).toMatch(
    /^tiny: smigh\/reference: [\d,]+ at 16, .* at 16,384$/,
  );
});

function file(name: string, json: string) {
  return { name, mimeType: "application/json", buffer: Buffer.from(json) };
}

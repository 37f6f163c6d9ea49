// Tests the training page in a real browser, on WebGPU.
import { readFile } from "node:fs/promises";
import type { Page } from "playwright";
import { beforeEach, expect, test } from "vitest";
import { wantedAdapter } from "../../bench/browsers/chrome.js";
import { serve } from "../../bench/browsers/serve.js";
import { loadModel } from "../../src/model/load.js";
import { OPTION_TEXTS } from "../../src/train/option-texts.js";
import { visits } from "../support/page.js";

const visit = visits(serve);
let page: Page;
beforeEach(() => {
  ({ page } = visit());
});

const SOFTWARE = wantedAdapter("swiftshader") === "swiftshader";
/** What the page says of “Automatic” on the tests' adapter, and why. */
const AUTO = SOFTWARE
  ? /^“Automatic” is wasm on WebAssembly, .*SIMD, \d+ threads?: engine is auto and the WebGPU adapter, .*swiftshader.*, is software/i
  : /^“Automatic” is webgpu on .+: engine is auto and there is a GPU, ./;

const until = (state: string) => page.waitForSelector(`body[data-state="${state}"]`);
const text = (selector: string) => page.innerText(selector);

test("waits for Start, then pauses, resumes and stops with the model so far", async () => {
  await page.goto(visit().site.url);
  await until("idle");
  expect(await text("#status")).toMatch(/^Loaded 60,000 training and 10,000 test digits\.$/);
  const auto = await text("#engine");
  expect(auto).toMatch(AUTO);

  const requests: string[] = [];
  page.on("request", (request) => requests.push(request.url()));
  page.on("websocket", (socket) => requests.push(socket.url()));
  await page.selectOption("#solver", "adam");
  await page.fill("[name=epochs]", "1000");
  await page.click("#start");
  await page.waitForFunction(() =>
    /epoch \d+ of 1000/.test(document.querySelector("#status")?.textContent ?? ""),
  );
  await page.click("#pause");
  expect(await text("#engine")).toBe(auto);
  await page.waitForTimeout(500); // what was under way at the pause has arrived
  const paused = await text("#time");
  await page.waitForTimeout(500);
  expect(await text("#time")).toBe(paused);

  await page.click("#pause");
  await page.waitForFunction((time) => document.querySelector("#time")?.textContent !== time, paused);
  await page.click("#stop");
  await until("ended");
  expect(await text("#status")).toMatch(/^Stopped \(aborted after step \d+, in epoch \d+\)/);
  expect(Number.parseFloat(await text("#test-accuracy"))).toBeGreaterThan(50);
  expect(requests).toEqual([]);
});

test("trains at once with ?auto, shows the test and gives the model away", async () => {
  await page.goto(`${visit().site.url}?auto&solver=adam&epochs=1&engine=webgpu`);
  await until("ended");
  const accuracy = Number.parseFloat(await text("#test-accuracy"));
  expect(accuracy).toBeGreaterThan(88);
  expect(await text("#engine")).toMatch(/^Trained by webgpu on .+: engine is webgpu\.$/);
  expect(await text("#parity-badge")).toMatch(/^ρ 0\.\d+ ✓$/);

  const cells = await page.locator("#confusion td:not(.corner)").allInnerTexts();
  const counts = cells.map((cell) => Number(cell.replace(",", "")));
  expect(counts.reduce((sum, count) => sum + count, 0)).toBe(10_000);
  const hits = counts.filter((_, cell) => cell % 11 === 0);
  expect(hits.reduce((sum, count) => sum + count, 0)).toBe(Math.round(100 * accuracy));
  expect(await page.locator("#sample li").count()).toBe(24);
  expect(await page.locator("#mistakes li.wrong").count()).toBe(24);

  const [download] = await Promise.all([page.waitForEvent("download"), page.click("#download")]);
  const model = loadModel(await readFile(await download.path()));
  expect(model).toMatchObject({ features: 784, iterations: 118, engine: { name: "webgpu" } });
});

test("trains with WebAssembly when that is chosen", async () => {
  await page.goto(visit().site.url);
  await until("idle");
  await page.selectOption("[name=engine]", { label: "WebAssembly" });
  await page.fill("[name=max-iterations]", "10");
  await page.click("#start");
  await page.waitForFunction(() => document.querySelector("#engine")?.textContent === "");
  await until("ended");
  expect(await text("#engine")).toMatch(
    /^Trained by wasm on WebAssembly, .*SIMD, \d+ threads?: engine is wasm\.$/,
  );
  expect(await text("#status")).toMatch(
    /^Done: 10 iterations in .*\. It ended because all 10 iterations are done, and the largest gradient is .*\.$/,
  );
  expect(Number.parseFloat(await text("#gradient"))).toBeGreaterThan(0);
  expect(await text("#loss-chart figcaption")).toMatch(/^Loss by iteration\s+0\.2\d+$/);
  expect(Number.parseFloat(await text("#test-accuracy"))).toBeGreaterThan(91);
});

test("says that it has one thread where it is not cross-origin isolated", async () => {
  await page.route("**/*", async (route) => {
    const response = await route.fetch();
    const headers = { ...response.headers(), "cross-origin-embedder-policy": "unsafe-none" };
    await route.fulfill({ response, headers });
  });
  await page.goto(`${visit().site.url}?auto&engine=wasm&solver=gd&epochs=1`);
  await until("ended");
  expect(await text("#engine")).toMatch(
    /1 thread: engine is wasm\. It has one thread only, because the page is/,
  );
});

test("shows the options that the solver reads, and no others, also on a narrow screen", async () => {
  await page.goto(`${visit().site.url}?solver=newton&tolerance=1e-3`);
  await until("idle");
  const shown = () =>
    page
      .locator("#options input:visible")
      .evaluateAll((fields) =>
        fields.map((field) => (field instanceof HTMLInputElement ? `${field.name} ${field.value}` : "")),
      );
  const title = await page.getAttribute("#options label:has([name=tolerance])", "title");
  expect(title).toBe(OPTION_TEXTS["tolerance"]);
  expect(await page.locator("[name=solver] option").allInnerTexts()).toEqual([
    "L-BFGS",
    "Newton",
    "Gradient descent",
    "SGD",
    "Adam",
    "AdamW",
  ]);
  expect(await shown()).toEqual(["tolerance 1e-3", "max-iterations 1000", "l2 1e-4"]);
  await page.selectOption("#solver", "adam");
  expect(await shown()).toEqual(["batch-size 512", "learning-rate 0.003", "epochs 10", "l2 1e-4"]);
  await page.selectOption("#solver", "gd");
  expect(await shown()).toEqual(["learning-rate 0.5", "epochs 100", "l2 1e-4"]);
  await page.selectOption("#solver", "lbfgs");
  expect(await shown()).toEqual(["tolerance 1e-5", "max-iterations 1000", "l2 1e-4"]);

  await page.setViewportSize({ width: 360, height: 700 });
  // The charts take their new width when the page is next drawn.
  await expect.poll(() => page.evaluate(() => document.documentElement.scrollWidth)).toBe(360);
});

test("compares the solvers until it is stopped, and trains after that", async () => {
  await page.goto(`${visit().site.url}?engine=wasm&solver=adam&epochs=1`);
  await until("idle");
  expect(await page.isVisible("#compare-result")).toBe(false);
  await page.click("#compare");
  await until("comparing");
  expect(await page.isEnabled("#start")).toBe(false);
  await page.waitForSelector("#compare-rows tr:nth-child(2)");
  const cells = await page.locator("#compare-rows tr:nth-child(1) > *").allInnerTexts();
  expect(cells).toEqual(["L-BFGS", ...Array.from({ length: 4 }, () => expect.stringMatching(/^\d/))]);
  await page.click("#compare");
  await until("idle");
  expect(await text("#compare-reading")).toBe("Stopped.");
  expect(await text("#compare")).toBe("Compare");
  await page.click("#start");
  await until("ended");
  expect(await text("#parity-badge")).toMatch(/^ρ 0\.\d+ ✓$/);
});

test("says in the page what cannot be trained with, and that a training diverged", async () => {
  await page.goto(`${visit().site.url}?auto&solver=rprop`);
  await until("idle");
  expect(await text("#trouble")).toMatch(/solver is "rprop", and must be one of/);

  await page.selectOption("#solver", "sgd");
  await page.fill("[name=epochs]", "many");
  await page.click("#start");
  expect(await text("#trouble")).toMatch(/epochs is "many", and must be a number/);

  await page.fill("[name=epochs]", "1");
  await page.fill("[name=learning-rate]", "1e38");
  await page.click("#start");
  await page.waitForFunction(() =>
    document.querySelector("#trouble-title")?.textContent?.includes("diverged"),
  );
  await until("idle");
  expect(await text("#trouble-detail")).toMatch(/at step \d+.*Lower learningRate/);
});

test("says what is wrong when the digits are not there", async () => {
  await page.route("**/mnist/t10k-labels*", (route) => route.fulfill({ status: 404 }));
  await page.goto(visit().site.url);
  await until("broken");
  expect(await text("#trouble")).toMatch(/t10k-labels-idx1-ubyte is not available: .* answered 404/);
  expect(await page.isEnabled("#start")).toBe(false);
  const { complaints } = visit();
  complaints.splice(0, Infinity, ...complaints.filter((complaint) => !complaint.includes("404")));
});

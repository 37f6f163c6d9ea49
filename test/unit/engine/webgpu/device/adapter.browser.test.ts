/** Checks which WebGPU adapter the test browser has. */
import { expect, inject, test } from "vitest";
import type { Adapter } from "../../../../../bench/browsers/chrome.js";

declare module "vitest" {
  interface ProvidedContext {
    /** The adapter that Chrome was launched with. */
    adapter: Adapter;
  }
}

test("the browser has the WebGPU adapter that it was launched for", async () => {
  expect(navigator.gpu, `navigator.gpu is missing in ${navigator.userAgent}`).toBeDefined();

  const adapter = await navigator.gpu.requestAdapter();
  expect(adapter, "requestAdapter() gave null: Chrome found neither a GPU nor SwiftShader").not.toBeNull();

  const { vendor, architecture, description } = adapter?.info ?? {};
  const name = [vendor, architecture, description].filter(Boolean).join(" ");
  console.log(`WebGPU adapter: ${name}`);
  expect(name, "the adapter's name").not.toBe("");
  expect(architecture === "swiftshader" ? "swiftshader" : "hardware", name).toBe(inject("adapter"));
});

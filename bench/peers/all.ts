/** All systems of the benchmark, one row each, in the order of its tables. */
import type { System } from "./system.js";

const GPU = "WebGPU";
const CPU = "WebAssembly";

export const systems: readonly System[] = [
  {
    name: "smigh/webgpu",
    on: GPU,
    inDeno: true,
    load: async () => (await import("./smigh.js")).openOn("webgpu"),
  },
  {
    name: "smigh/wasm",
    on: CPU,
    load: async () => (await import("./smigh.js")).openOn("wasm"),
  },
  {
    name: "smigh/reference",
    on: "f64 on the CPU",
    load: async () => (await import("./smigh.js")).openOn("reference"),
  },
  { name: "tfjs/webgpu", on: GPU, load: async () => (await import("./tfjs.js")).tfjsWebgpu },
  { name: "tfjs/wasm", on: CPU, load: async () => (await import("./tfjs.js")).tfjsWasm },
  {
    name: "tfjs/wasm minimize",
    on: CPU,
    onlyByName: true,
    load: async () => (await import("./tfjs-minimize.js")).minimize,
  },
  { name: "jax-js/webgpu", on: GPU, inDeno: true, load: async () => (await import("./jax-js.js")).jaxWebgpu },
  { name: "jax-js/wasm", on: CPU, load: async () => (await import("./jax-js.js")).jaxWasm },
];

/** The systems that run on Deno's WebGPU. */
export const denoSystems = systems.filter(({ inDeno }) => inDeno);

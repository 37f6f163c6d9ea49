/** Every system that the benchmark knows, in the order of its tables. Its library is loaded when it is opened. */
import type { System } from "./system.js";

export const systems: readonly System[] = [
  { name: "smigh/webgpu", open: async (...on) => (await import("./smigh.js")).webgpu(...on) },
  { name: "smigh/reference", open: async (...on) => (await import("./smigh.js")).reference(...on) },
  { name: "tfjs/webgpu", open: async (...on) => (await import("./tfjs.js")).webgpu(...on) },
  { name: "tfjs/wasm", open: async (...on) => (await import("./tfjs.js")).wasm(...on) },
  { name: "jax-js/webgpu", open: async (...on) => (await import("./jax-js.js")).webgpu(...on) },
  { name: "jax-js/wasm", open: async (...on) => (await import("./jax-js.js")).wasm(...on) },
];

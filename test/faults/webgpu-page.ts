/** Hands the faults of WebGPU to `chromium.ts`, which opens this page. */
import { webgpuFaults } from "./webgpu.js";

declare global {
  interface Window {
    faults: typeof webgpuFaults;
  }
}

window.faults = webgpuFaults;

/** Compiles the kernels for this machine. */
import { fromBase64 } from "../../core/base64.js";
import { DeviceError } from "../../core/errors.js";
import kernels from "./assembly/kernels.wasm?built";

export interface WasmKernels {
  readonly module: WebAssembly.Module;
  /** True if multiply-adds are fused where the processor can: faster, and rounded once instead of twice. */
  readonly relaxed: boolean;
  /** True if the products may keep twelve sums in registers instead of eight. */
  readonly twelveSums: boolean;
}

/** The smallest module with relaxed SIMD: one function, `(a, b, c) => f32x4.relaxed_madd(a, b, c)`. */
const RELAXED = fromBase64("AGFzbQEAAAABCAFgA3t7ewF7AwIBAAoNAQsAIAAgASAC/YUCCw==");

/**
 * The same module with a 64-bit table. A V8 that has none, as in Node 22, moves the loads of a loop together,
 * so that twelve sums do not stay in registers.
 */
const ORDERED = fromBase64("AGFzbQEAAAABCAFgA3t7ewF7AwIBAAQEAXAEAAoNAQsAIAAgASAC/YUCCw==");

/**
 * Compiles the kernels, with relaxed SIMD where there is any.
 *
 * @throws {DeviceError} if WebAssembly has no SIMD or no atomics, or the page may not compile it.
 */
export function compileKernels(): Promise<WasmKernels> {
  return compile(WebAssembly.validate(RELAXED), WebAssembly.validate(ORDERED));
}

export async function compile(relaxed: boolean, twelveSums = false): Promise<WasmKernels> {
  const binary = fromBase64(relaxed ? kernels.relaxed : kernels.plain);
  if (!WebAssembly.validate(binary)) {
    throw new DeviceError(
      "This machine's WebAssembly has no 128-bit SIMD with atomics: take a newer browser, or the reference engine.",
    );
  }
  try {
    return { module: await WebAssembly.compile(binary), relaxed, twelveSums };
  } catch (cause) {
    throw new DeviceError(
      "This page may not compile WebAssembly: its Content-Security-Policy must have 'wasm-unsafe-eval' in script-src.",
      { cause },
    );
  }
}

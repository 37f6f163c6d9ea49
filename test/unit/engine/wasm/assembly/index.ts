/** The kernels' functions of numbers, of as many floats as fill the bytes at `from`, to `to`. */
import { exp4, log4 } from "../../../../../src/engine/wasm/assembly/math";

export function powers(from: u32, to: u32, bytes: u32): void {
  for (let at: u32 = 0; at < bytes; at += 16) v128.store(to + at, exp4(v128.load(from + at)));
}

export function logarithms(from: u32, to: u32, bytes: u32): void {
  for (let at: u32 = 0; at < bytes; at += 16) v128.store(to + at, log4(v128.load(from + at)));
}

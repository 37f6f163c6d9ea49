/** Copies buffers from the device to this thread, through staging buffers that are reused. */
import type { Gpu } from "./device.js";
import { GPUBufferUsage, GPUMapMode } from "./flags.js";

export class Readback {
  readonly #gpu: Gpu;
  readonly #idle: GPUBuffer[] = [];

  constructor(gpu: Gpu) {
    this.#gpu = gpu;
  }

  /**
   * Encodes a copy of `bytes` bytes (a multiple of 4) from `offset` on. Call the result once the encoder's
   * commands are submitted: it resolves to the bytes when the device has executed the copy, or rejects with a
   * DeviceError.
   */
  copy(encoder: GPUCommandEncoder, source: GPUBuffer, bytes: number, offset = 0): () => Promise<ArrayBuffer> {
    const staging = this.#take(bytes);
    encoder.copyBufferToBuffer(source, offset, staging, 0, bytes);
    return () => this.#gpu.answered(this.#map(staging, bytes));
  }

  async #map(staging: GPUBuffer, bytes: number): Promise<ArrayBuffer> {
    await this.#gpu.run(() => staging.mapAsync(GPUMapMode.READ, 0, bytes));
    const copied = staging.getMappedRange(0, bytes).slice(0);
    staging.unmap();
    this.#idle.push(staging);
    return copied;
  }

  #take(bytes: number): GPUBuffer {
    const fitting = this.#idle.findIndex((buffer) => buffer.size >= bytes && buffer.size <= 4 * bytes + 4096);
    if (fitting >= 0) return this.#idle.splice(fitting, 1)[0];
    const usage = GPUBufferUsage.MAP_READ | GPUBufferUsage.COPY_DST;
    return this.#gpu.buffer("a copy to read", bytes, usage);
  }
}

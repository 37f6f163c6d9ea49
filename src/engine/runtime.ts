/// <reference lib="esnext.disposable" preserve="true" />
/** The runtime of trainings: it owns what they share, and opens their engines. */
import { fail } from "../core/checks.js";
import { RuntimeClosedError } from "../core/errors.js";
import type { Engine, EngineHost, EngineName, EngineOptions } from "./engine.js";

/** Loads the host of each engine. */
type Hosts = Readonly<Record<EngineName, () => Promise<EngineHost>>>;

/** Engines are modules of their own, loaded when the first is opened. */
const HOSTS: Hosts = {
  webgpu: async () => new (await import("./webgpu/engine.js")).WebGpuHost(),
  wasm: async () => new (await import("./wasm/engine.js")).WasmHost(),
  reference: async () => new (await import("./reference/engine.js")).ReferenceHost(),
};

/**
 * Owns what trainings share: the GPU device and the kernels compiled and timed on it, idle threads and their
 * memory. Trainings that name no runtime share one that lasts as long as the page or process. Made by
 * {@link createRuntime}.
 *
 * @example
 * ```ts
 * const runtime = createRuntime();
 * const model = await train(data, { runtime });
 * await runtime.close();
 * ```
 */
export interface Runtime {
  /**
   * Destroys the GPU device that the runtime opened (one that a caller gave stays open), ends its threads and
   * frees their memory. Trainings that use the runtime reject with a {@link RuntimeClosedError}, as do those
   * that are started later. Closing again changes nothing.
   */
  close(): Promise<void>;
  /** Closes the runtime at the end of a block that declares it with `await using`. */
  [Symbol.asyncDispose](): Promise<void>;
}

/** A runtime as the package uses it: it opens engines, too. */
export class EngineRuntime implements Runtime {
  readonly #load: Hosts;
  readonly #hosts = new Map<EngineName, Promise<EngineHost>>();
  #closing: Promise<void> | undefined;

  /**
   * Opens nothing yet: an engine's host is loaded when the engine is first opened.
   *
   * @param hosts what opens each engine. Default: the engines of smigh.
   */
  constructor(hosts: Partial<Hosts> = {}) {
    this.#load = { ...HOSTS, ...hosts };
  }

  /**
   * Opens an engine, which the caller closes.
   *
   * @throws {DeviceError} if the engine is not available
   * @throws {RuntimeClosedError} if the runtime is closed
   */
  async open(name: EngineName, options: EngineOptions = {}): Promise<Engine> {
    this.#check();
    const host = await this.#host(name);
    this.#check();
    return host.open(options);
  }

  close(): Promise<void> {
    return (this.#closing ??= this.#close());
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #close(): Promise<void> {
    const error = new RuntimeClosedError(
      "The runtime was closed while work used it: close it once its trainings and predictions have ended.",
    );
    const closings = Array.from(this.#hosts.values(), async (host) => (await host).close(error));
    await Promise.allSettled(closings); // a host that did not load has nothing to close
  }

  #host(name: EngineName): Promise<EngineHost> {
    const found = this.#hosts.get(name);
    if (found) return found;
    const loading = this.#load[name]();
    this.#hosts.set(name, loading);
    loading.catch(() => this.#hosts.delete(name)); // loading may succeed the next time
    return loading;
  }

  #check(): void {
    if (this.#closing)
      throw new RuntimeClosedError(
        "The runtime, or the predictor, is closed: use another, or leave the option runtime out.",
      );
  }
}

/** Checks the option `runtime`. */
export function checkRuntime(name: string, value: unknown): asserts value is EngineRuntime {
  if (!(value instanceof EngineRuntime)) fail(name, value, "a runtime, as createRuntime() returns");
}

/**
 * Makes a runtime, for trainings that shall not share a GPU device, threads and memory with others, or that
 * give them back when they are done.
 *
 * @returns the runtime, for the option `runtime` of trainings; close it at the end
 * @example
 * ```ts
 * const runtime = createRuntime(); // or `await using runtime`, which closes it at the end of the block
 * const model = await train(data, { runtime });
 * await runtime.close();
 * ```
 */
export function createRuntime(): Runtime {
  return new EngineRuntime();
}

let shared: EngineRuntime | undefined;

/** Returns the runtime of trainings that name none, which is made on first use. */
export function defaultRuntime(): EngineRuntime {
  return (shared ??= new EngineRuntime());
}

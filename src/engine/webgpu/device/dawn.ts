/** WebGPU in Node: Dawn, from the optional npm package webgpu. */
import { DeviceError } from "../../../core/errors.js";

/** The exports of the package that are used. */
interface Dawn {
  create(flags: readonly string[]): GPU;
}

let instance: Promise<GPU> | undefined;

/**
 * Loads the package, and returns the WebGPU of this process. It is kept for good: Dawn crashes where it is
 * garbage-collected before its devices. It does not keep the process alive.
 *
 * @throws DeviceError if the package is missing, or does not load
 */
export function openDawn(): Promise<GPU> {
  return (instance ??= load("webgpu").then(({ create }) => create([])));
}

/** The package's name is an argument, so that bundlers do not look for the package. */
async function load(name: string): Promise<Dawn> {
  try {
    return await import(/* webpackIgnore: true */ /* @vite-ignore */ name);
  } catch (cause) {
    if (isMissing(name, cause)) {
      throw new DeviceError(
        "There is no WebGPU here: Node has none of its own, and the npm package webgpu, which brings it, is not installed. " +
          'Run "npm install webgpu".',
        { cause },
      );
    }
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new DeviceError(`The npm package webgpu is installed, but does not load: ${reason}.`, { cause });
  }
}

function isMissing(name: string, error: unknown): boolean {
  const code: unknown = error instanceof Error ? Reflect.get(error, "code") : undefined;
  return code === "ERR_MODULE_NOT_FOUND" && String(error).includes(`'${name}'`);
}

/** Why Dawn may have found no adapter, and what to do. */
export const NO_DAWN_ADAPTER =
  "The npm package webgpu is installed, but finds no adapter: there is no GPU, or its driver is missing. " +
  "On Linux it takes a Vulkan driver and loader, such as Debian's mesa-vulkan-drivers and libvulkan1 " +
  "or those of the maker of the GPU.";

/** WebGPU in Node: Dawn, from the optional npm package webgpu. */
import { DeviceError } from "../../../core/errors.js";

/** The exports of the package that are used. */
interface Dawn {
  create(flags: readonly string[]): GPU;
}

/** The WebGPU of each adapter that was named, and of none by the name "". */
const instances = new Map<string, Promise<GPU>>();

/**
 * Loads the package, and returns the WebGPU of this process, with the adapter alone whose name contains
 * `name`, in any case. It is kept for good: Dawn crashes where it is garbage-collected before its devices. It
 * does not keep the process alive.
 *
 * @throws DeviceError if the package is missing, does not load, or has no adapter of that name
 */
export async function openDawn(name?: string): Promise<GPU> {
  if (name === undefined) return instanceOf("");
  const names = await dawnAdapters();
  const found = names.find((one) => one.toLowerCase().includes(name.toLowerCase()));
  if (found !== undefined) return instanceOf(found);
  throw new DeviceError(
    names.length === 0
      ? NO_DAWN_ADAPTER
      : `adapter is ${JSON.stringify(name)}, and no adapter has that in its name: there is ${names.join(", ")}.`,
  );
}

/**
 * Returns the names of all adapters. Dawn lists them in the error about one that it does not find.
 *
 * @throws DeviceError if the package is missing, or does not load
 */
export async function dawnAdapters(): Promise<string[]> {
  const gpu = await instanceOf("\n");
  const list = await gpu.requestAdapter().then(() => "", String);
  return Array.from(list.matchAll(/name: '(.*)'/g), ([, name]) => name);
}

function instanceOf(name: string): Promise<GPU> {
  const found = instances.get(name);
  if (found) return found;
  const opening = load("webgpu").then(({ create }) => create(name === "" ? [] : [`adapter=${name}`]));
  instances.set(name, opening);
  return opening;
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

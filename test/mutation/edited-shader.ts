/** Edits shaders at the points that they mark, for tests that must detect a wrong kernel. */
import { type ShaderTexts, linkShader } from "../../scripts/link-shader.js";
import type { Edited, KernelName } from "../../src/engine/webgpu/kernels/kernels.js";
import { type Edit, editText, pointsOf } from "./points.js";

/** One edit of a kernel, in its own file or in one of shaders/lib/. */
export interface ShaderEdit extends Edit {
  readonly kernel: KernelName;
}

const GLOB = import.meta.glob<string>("../../shaders/**/*.wgsl", {
  query: "?raw",
  import: "default",
  eager: true,
});
export const SHADERS: ShaderTexts = new Map(
  Object.entries(GLOB).map(([path, text]) => [path.replace("../../shaders/", ""), text]),
);

/** Returns the path of the shader that marks the point of an edit. Throws unless there is exactly one. */
export function pathOf({ kernel, point }: ShaderEdit, shaders: ShaderTexts = SHADERS): string {
  const marked = [...shaders].flatMap(([path, text]) =>
    path === `${kernel}.wgsl` || path.startsWith("lib/")
      ? pointsOf(text).flatMap((one) => (one === point ? [path] : []))
      : [],
  );
  const [path] = marked;
  if (path === undefined || marked.length > 1) {
    throw new Error(
      `${kernel}.wgsl and lib/ mark the point ${point} ${marked.length} times instead of once.`,
    );
  }
  return path;
}

/**
 * Links a shader and keeps its loops over rows, classes and vectors, which compiles several times as fast as
 * unrolled ones. Loops over four values stay marked to be unrolled, as broadcasts in a subgroup need.
 */
function rolled(path: string, shaders: ShaderTexts): string {
  const text = linkShader(path, shaders);
  return text.replaceAll(/(< [A-Z]\w*; \w+\+\+\) \{) \/\/ unroll$/gm, "$1");
}

/** All kernels without an edit, in the form of those with one. */
export const RIGHT: Edited = Object.fromEntries(
  [...SHADERS.keys()]
    .filter((path) => !path.startsWith("lib/"))
    .map((path) => [path.replace(".wgsl", ""), rolled(path, SHADERS)]),
);

/** Returns a kernel with one edit. */
export function edited(one: ShaderEdit, shaders: ShaderTexts = SHADERS): Edited {
  const { kernel } = one;
  const path = pathOf(one, shaders);
  const text = editText(path, shaders.get(path) ?? "", one);
  return { [kernel]: rolled(`${kernel}.wgsl`, new Map([...shaders, [path, text]])) };
}

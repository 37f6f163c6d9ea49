/**
 * A counting build of the kernels, made from their text: every load from a storage buffer, every store to one
 * and every multiply-add of the two products increments a counter. A device that builds everything it
 * compiles this way counts what the engine really dispatches.
 */
import { STEPS_KERNELS } from "../../../../src/engine/webgpu/kernels/steps-kernels.js";
import { KERNELS, type KernelName } from "../../../../src/engine/webgpu/kernels/kernels.js";
import type { Counts } from "../../../../bench/studies/traffic.js";

const NAMES = Object.keys(KERNELS) as KernelName[];
const FIELDS = 3; // loads, stores, macs
/**
 * A binding of steps.wgsl that only Adam uses. The counters take its place, because no other binding is free.
 */
const SPARE = "moment2";
const SPARE_BINDING = STEPS_KERNELS.steps.bindings.find(({ name }) => name === SPARE)?.number;
const SPARE_DECLARED = new RegExp(`^@group.* ${SPARE}: array<vec4f>;`, "m");
const SPARE_UNUSED = `var<private> ${SPARE}: array<vec4f, 1>;`;

export interface CountingDevice {
  readonly device: GPUDevice;
  /** Counts of each kernel so far, without kernels that were not dispatched. */
  counts(): Promise<Partial<Record<KernelName, Counts>>>;
}

/**
 * A device with a second bind group, the counters, in every pipeline and every pass. Not for whole steps of
 * Adam. With `once` a load of the same index by all active lanes of a subgroup counts as one.
 */
export async function countingDevice(once: boolean): Promise<CountingDevice> {
  const adapter = await navigator.gpu.requestAdapter();
  if (!adapter) throw new Error("There is no adapter.");
  const { maxStorageBuffersPerShaderStage } = adapter.limits;
  const device = await adapter.requestDevice({
    requiredFeatures: adapter.features.has("subgroups") ? ["subgroups"] : [],
    requiredLimits: { maxStorageBuffersPerShaderStage },
  });
  const size = 4 * FIELDS * NAMES.length;
  const counters = device.createBuffer({ size, usage: GPUBufferUsage.STORAGE | GPUBufferUsage.COPY_SRC });
  const entry = { binding: 0, visibility: GPUShaderStage.COMPUTE, buffer: { type: "storage" } } as const;
  const layout = device.createBindGroupLayout({ entries: [entry] });
  const group = device.createBindGroup({ layout, entries: [{ binding: 0, resource: { buffer: counters } }] });

  const withoutSpare = <T extends { readonly binding: number }>(entries: Iterable<T>) =>
    Array.from(entries).filter(({ binding }) => binding !== SPARE_BINDING);
  const createBindGroupLayout = device.createBindGroupLayout.bind(device);
  device.createBindGroupLayout = (descriptor) => {
    const { label, entries } = descriptor;
    const steps = label === "steps bindings";
    return createBindGroupLayout({ ...descriptor, entries: steps ? withoutSpare(entries) : entries });
  };
  const createBindGroup = device.createBindGroup.bind(device);
  device.createBindGroup = (descriptor) => {
    const { label, entries } = descriptor;
    return createBindGroup({ ...descriptor, entries: label === "steps" ? withoutSpare(entries) : entries });
  };
  const createShaderModule = device.createShaderModule.bind(device);
  device.createShaderModule = (descriptor) => {
    const kernel = NAMES.findIndex((name) => descriptor.label === `${name}.wgsl`);
    const counted = counting(descriptor.code, FIELDS * kernel, once);
    const code = NAMES[kernel] === "steps" ? counted.replace(SPARE_DECLARED, SPARE_UNUSED) : counted;
    return createShaderModule({ ...descriptor, code });
  };
  const createPipelineLayout = device.createPipelineLayout.bind(device);
  device.createPipelineLayout = (descriptor) =>
    createPipelineLayout({ ...descriptor, bindGroupLayouts: [...descriptor.bindGroupLayouts, layout] });
  const createCommandEncoder = device.createCommandEncoder.bind(device);
  device.createCommandEncoder = (descriptor) => {
    const encoder = createCommandEncoder(descriptor);
    const beginComputePass = encoder.beginComputePass.bind(encoder);
    encoder.beginComputePass = (pass) => {
      const begun = beginComputePass(pass);
      begun.setBindGroup(1, group);
      return begun;
    };
    return encoder;
  };

  return {
    device,
    async counts() {
      const usage = GPUBufferUsage.MAP_READ | GPUBufferUsage.COPY_DST;
      const staging = device.createBuffer({ size, usage });
      const encoder = createCommandEncoder();
      encoder.copyBufferToBuffer(counters, 0, staging, 0, size);
      device.queue.submit([encoder.finish()]);
      await staging.mapAsync(GPUMapMode.READ);
      const values = new Uint32Array(staging.getMappedRange());
      const counted = NAMES.flatMap((name, kernel) => {
        const [loads = 0, stores = 0, macs = 0] = values.subarray(FIELDS * kernel);
        return loads + stores + macs > 0 ? [[name, { loads, stores, macs }] as const] : [];
      });
      staging.destroy();
      return Object.fromEntries(counted);
    },
  };
}

const SUBGROUPS = "enable subgroups;\ndiagnostic(off, subgroup_uniformity);\n";
/** The words that a lane counts: those that all lanes load are the first one's. */
const ONCE =
  "select(words, select(0u, words, subgroupElect()), subgroupAll(at == subgroupBroadcastFirst(at)))";

/** The specialised text of a kernel, with counters from `first` on. */
export function counting(code: string, first: number, once = false): string {
  const [head, parameters] = code.match(/@compute .* fn main\(([^{]*)\) \{/) ?? [];
  if (head === undefined || parameters === undefined) throw new Error("There is no entry point.");
  const plain = parameters.replaceAll(/@builtin\(\w+\) /g, "");
  const names = Array.from(plain.matchAll(/(\w+):/g), ([, name]) => name);
  const body = code.replace(head, `fn kernel(${plain}) {`);
  return `${once ? SUBGROUPS : ""}${accessesCounted(productsCounted(body))}
@group(1) @binding(0) var<storage, read_write> counters: array<atomic<u32>>;
var<private> loads: u32;
var<private> stores: u32;
var<private> macs: u32;
fn loaded(at: u32, words: u32) -> u32 {
  loads += ${once ? ONCE : "words"};
  return at;
}
fn stored(at: u32, words: u32) -> u32 {
  stores += words;
  return at;
}
${head}
  kernel(${names.join(", ")});
  atomicAdd(&counters[${first}], loads);
  atomicAdd(&counters[${first + 1}], stores);
  atomicAdd(&counters[${first + 2}], macs);
}
`;
}

/** Counts one for `z[…] += a * b;` and `g[…] += a * b;`, or four where they are vectors. */
function productsCounted(code: string): string {
  return code.replaceAll(/^ *([zg])\[[^=]*\] \+= .* \* .*;$/gm, (line, name: string) => {
    const width = new RegExp(`var ${name}: (array<)+vec4f`).test(code) ? 4 : 1;
    return `macs += ${width}u; ${line}`;
  });
}

/**
 * Replaces `name[index]` of a storage buffer by `name[loaded(index, words)]`, or by `stored` where it is
 * assigned to.
 */
function accessesCounted(code: string): string {
  const words = new Map(
    Array.from(code.matchAll(/ var<storage, \w+> (\w+): array<(\w+)>/g), ([, name, type]) => [
      name,
      wordsOf(type, code),
    ]),
  );
  const access = new RegExp(`(?<![.\\w])(${[...words.keys()].join("|")})\\[`, "g");
  const counted = (text: string): string => {
    let out = "";
    let done = 0;
    for (const { 0: opening, 1: name, index } of text.matchAll(access)) {
      if (index < done) continue; // within an index that was already counted
      const begin = index + opening.length;
      const end = closing(text, begin);
      const rest = text.slice(end + 1);
      const [component = ""] = rest.match(/^\.[xyzw]\b|^\[[^\]]*\]/) ?? [];
      const [assigned] = rest.slice(component.length).match(/^ [-+*/]?=(?!=)/) ?? [];
      if (assigned !== undefined && assigned !== " =") throw new Error(`Not counted: ${name}[…]${assigned}`);
      const count = component === "" ? words.get(name) : 1;
      const how = assigned === undefined ? "loaded" : "stored";
      out += `${text.slice(done, begin)}${how}(${counted(text.slice(begin, end))}, ${count}u)`;
      done = end;
    }
    return out + text.slice(done);
  };
  return counted(code);
}

function wordsOf(type: string, code: string): number {
  const [, aliased] = code.match(new RegExp(`^alias ${type} = (\\w+);`, "m")) ?? [];
  if (aliased !== undefined) return wordsOf(aliased, code);
  const vector = type.match(/^vec(\d)f$/);
  if (vector) return Number(vector[1]);
  const [, fields] = code.match(new RegExp(`struct ${type} \\{\n([^}]+)\\}`)) ?? [];
  return fields?.match(/: (u32|f32),/g)?.length ?? 1;
}

/** The position that closes the bracket opened before `begin`. */
function closing(text: string, begin: number): number {
  let depth = 1;
  let at = begin;
  for (; depth > 0 && at < text.length; at++) depth += text[at] === "[" ? 1 : text[at] === "]" ? -1 : 0;
  return at - 1;
}

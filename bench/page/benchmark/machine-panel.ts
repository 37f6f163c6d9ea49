/** Shows what a result was measured on: the adapter and its limits, the browser and the processor. */
import { make } from "../shared/dom.js";
import { count } from "../shared/format.js";
import { adapterName } from "../../peers/system.js";
import { bytes, significant } from "../../measure/format.js";
import type { GpuInfo } from "../../measure/machine.js";
import type { Result } from "../../measure/result.js";

/** The features that a kernel can use; the others are listed after them. */
const NOTABLE = ["shader-f16", "subgroups", "timestamp-query"];

const LIMIT_NAMES: Readonly<Record<string, readonly [name: string, format: (limit: number) => string]>> = {
  maxBufferSize: ["Largest buffer", bytes],
  maxStorageBufferBindingSize: ["Largest binding", bytes],
  maxStorageBuffersPerShaderStage: ["Bindings per kernel", count],
  maxComputeWorkgroupStorageSize: ["Workgroup memory", bytes],
  maxComputeInvocationsPerWorkgroup: ["Invocations per workgroup", count],
  maxComputeWorkgroupsPerDimension: ["Workgroups per dimension", count],
};

/** Creates the panel of a result. `missing` replaces the adapter's facts where the result has none. */
export function machinePanel(
  title: string,
  { machine, gpu, peakGflops, cpuPeakGflops }: Result,
  missing: string,
): HTMLElement {
  const { browser, os, cores, cpu } = machine;
  const facts: [string, string][] = gpu ? gpuFacts(gpu, peakGflops) : [["Adapter", missing]];
  facts.push(["Browser", browser], ["System", os], ["Processor", `${cpu ? `${cpu}, ` : ""}${cores} threads`]);
  if (cpuPeakGflops !== undefined) facts.push(["Peak, WebAssembly", `${significant(cpuPeakGflops)} GFLOP/s`]);
  const panel = make("div", {}, make("h3", { textContent: title }));
  if (gpu?.software) {
    panel.append(
      make("p", {
        className: "software",
        textContent:
          "A software adapter: the processor does the GPU’s work. On a GPU figures and ratios differ, " +
          "and here the systems that compute on the processor may be faster.",
      }),
    );
  }
  panel.append(
    make(
      "dl",
      {},
      ...facts.map(([name, value]) =>
        make("div", {}, make("dt", { textContent: name }), make("dd", { textContent: value })),
      ),
    ),
  );
  const others = gpu?.features.filter((name) => !NOTABLE.includes(name)) ?? [];
  if (others.length > 0) {
    panel.append(
      make(
        "details",
        {},
        make("summary", { textContent: `${others.length} more features` }),
        make("p", { textContent: others.join(", ") }),
      ),
    );
  }
  return panel;
}

function gpuFacts(gpu: GpuInfo, peakGflops: number | undefined): [string, string][] {
  const { device, description, subgroupSizes, features, limits } = gpu;
  const name = adapterName(gpu);
  const more = [device, description].filter((text) => text && !name.includes(text)).join(", ");
  const facts: [string, string][] = [["Adapter", more ? `${name} (${more})` : name]];
  if (peakGflops !== undefined) facts.push(["Peak, multiply-adds", `${significant(peakGflops)} GFLOP/s`]);
  if (subgroupSizes) {
    const { min, max } = subgroupSizes;
    facts.push(["Subgroup size", min === max ? String(min) : `${min} to ${max}`]);
  }
  for (const feature of NOTABLE) facts.push([feature, features.includes(feature) ? "yes" : "no"]);
  for (const [key, limit] of Object.entries(limits)) {
    const [name, format] = LIMIT_NAMES[key] ?? [key, count];
    facts.push([name, format(limit)]);
  }
  return facts;
}

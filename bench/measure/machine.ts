/** Describes the machine that a benchmark ran on, as far as a page can know. */
import { measurePeak } from "./peak.js";

export interface Machine {
  readonly browser: string;
  readonly os: string;
  /** Hardware threads. */
  readonly cores: number;
  /** The processor's name; browsers do not tell it to a page. */
  readonly cpu?: string;
}

/** The adapter that WebGPU gives. */
export interface GpuInfo {
  readonly vendor: string;
  readonly architecture: string;
  readonly device: string;
  readonly description: string;
  /** Whether the adapter runs on the processor. */
  readonly software: boolean;
  /** Invocations in a subgroup, where the adapter says. */
  readonly subgroupSizes?: { readonly min: number; readonly max: number };
  readonly features: readonly string[];
  /** The limits named in `LIMITS`. */
  readonly limits: Readonly<Record<string, number>>;
}

/** The limits that decide how large a problem can be, and how a kernel can be tiled. */
const LIMITS = [
  "maxBufferSize",
  "maxStorageBufferBindingSize",
  "maxStorageBuffersPerShaderStage",
  "maxComputeWorkgroupStorageSize",
  "maxComputeInvocationsPerWorkgroup",
  "maxComputeWorkgroupsPerDimension",
] as const;

/** Requests the high-performance adapter. Undefined when there is no WebGPU, or no adapter. */
export async function findGpuInfo(): Promise<GPUAdapter | undefined> {
  return (await navigator.gpu?.requestAdapter({ powerPreference: "high-performance" })) ?? undefined;
}

export function describeMachine({ info, features, limits }: GPUAdapter): GpuInfo {
  const { vendor, architecture, device, description, isFallbackAdapter } = info;
  const { subgroupMinSize: min, subgroupMaxSize: max } = info;
  const names = [vendor, architecture, device, description].join(" ");
  return {
    vendor,
    architecture,
    device,
    description,
    software: isFallbackAdapter || /swiftshader|llvmpipe|lavapipe|basic render/i.test(names),
    ...(min && max && { subgroupSizes: { min, max } }),
    features: [...features].toSorted(),
    limits: Object.fromEntries(LIMITS.map((name) => [name, limits[name]])),
  };
}

export interface GpuAndPeak {
  readonly gpu?: GpuInfo;
  readonly peakGflops?: number;
  /** Peak of the processor's threads together, in WebAssembly. */
  readonly cpuPeakGflops?: number;
}

/** Describes the adapter and measures its peak. Empty where there is no adapter. */
export async function gpuAndPeak(): Promise<GpuAndPeak> {
  const adapter = await findGpuInfo();
  return adapter ? { gpu: describeMachine(adapter), peakGflops: await measurePeak(adapter) } : {};
}

export function thisMachine(): Machine {
  const { hardwareConcurrency: cores, userAgent } = navigator;
  const [, os = "unknown"] = /\(([^)]*)\)/.exec(userAgent) ?? [];
  return { browser: browserOf(userAgent), os, cores };
}

/** Ordered so that a browser's own name is found before the other names in its user agent. */
const BROWSERS = [
  ["Edge", /Edg\/(\d+)/],
  ["Chrome", /Chrome\/(\d+)/],
  ["Firefox", /Firefox\/(\d+)/],
  ["Safari", /Version\/(\d+)/],
] as const;

/** "Chrome 147" */
function browserOf(userAgent: string): string {
  for (const [name, pattern] of BROWSERS) {
    const version = pattern.exec(userAgent)?.[1];
    if (version) return `${name} ${version}`;
  }
  return userAgent;
}

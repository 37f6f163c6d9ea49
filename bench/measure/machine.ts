/** What a benchmark ran on, as far as a page can know. */
import { measurePeak } from "./peak.js";

export interface Machine {
  readonly browser: string;
  readonly os: string;
  /** Threads that the machine runs at once. */
  readonly cores: number;
  /** The processor's name, which no page is told. */
  readonly cpu?: string;
}

/** The adapter that WebGPU gives. */
export interface GpuInfo {
  readonly vendor: string;
  readonly architecture: string;
  readonly device: string;
  readonly description: string;
  /** The GPU's work is done by the processor. */
  readonly software: boolean;
  /** Invocations that run in step, where the adapter says. */
  readonly subgroupSizes?: { readonly min: number; readonly max: number };
  readonly features: readonly string[];
  /** Those of `LIMITS`. */
  readonly limits: Readonly<Record<string, number>>;
}

/** The limits that decide how large a problem can be, and how a kernel can be cut. */
const LIMITS = [
  "maxBufferSize",
  "maxStorageBufferBindingSize",
  "maxStorageBuffersPerShaderStage",
  "maxComputeWorkgroupStorageSize",
  "maxComputeInvocationsPerWorkgroup",
  "maxComputeWorkgroupsPerDimension",
] as const;

/** Undefined when there is no WebGPU, or no adapter. */
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
  /** Of the processor's threads, in WebAssembly. */
  readonly cpuPeakGflops?: number;
}

/** For the head of a result. Empty where there is no adapter. */
export async function gpuAndPeak(): Promise<GpuAndPeak> {
  const adapter = await findGpuInfo();
  return adapter ? { gpu: describeMachine(adapter), peakGflops: await measurePeak(adapter) } : {};
}

export function thisMachine(): Machine {
  const { hardwareConcurrency: cores, userAgent } = navigator;
  const [, os = "unknown"] = /\(([^)]*)\)/.exec(userAgent) ?? [];
  return { browser: browserOf(userAgent), os, cores };
}

/** In the order in which a browser's own name is told from those that it also goes by. */
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

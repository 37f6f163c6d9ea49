/** One thread of the measurement of the processor's peak. It answers each command once it is done. */

export type PeakCommand = { readonly module: WebAssembly.Module } | { readonly turns: number };

type Peak = (factor: number, term: number, turns: number) => number;

let peak: Peak | undefined;

self.addEventListener("message", async ({ data }: MessageEvent<PeakCommand>) => {
  if ("module" in data) peak = await load(data.module);
  // x ← 0.5·x + 1 stays near 2.
  else peak?.(0.5, 1, data.turns);
  self.postMessage(undefined);
});

async function load(module: WebAssembly.Module): Promise<Peak> {
  // The module imports memory as all kernels do, but never uses it.
  const memory = new WebAssembly.Memory({ initial: 1, maximum: 65_536, shared: true });
  const { exports } = await WebAssembly.instantiate(module, { env: { memory } });
  return exports["peak"] as Peak;
}

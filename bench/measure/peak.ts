/** Measures the adapter's peaks: its multiply-adds, with a kernel that needs no memory, and its memory. */
import copyCode from "./copy.wgsl?raw";
import peakCode from "./peak.wgsl?raw";

/** Long enough that launching does not matter, and short enough for a page. */
const SAMPLE_MS = 40;
const SAMPLES = 8;

const WORKGROUP = 64;
const TURNS = 256;
/** 32 multiply-adds per turn in peak.wgsl, each a multiplication and an addition. */
const FLOPS_A_WORKGROUP = 2 * 32 * TURNS * WORKGROUP;
const MOST_WORKGROUPS = 32_768;

const COPY_WORKGROUP = 256;
/** The largest binding that every adapter has: with the other buffer, more than the caches hold. */
const COPY_BYTES = 2 ** 27;

/** GFLOP/s of multiply-adds, the best of a few samples: any disturbance only lowers the rate. */
export function measurePeak(adapter: GPUAdapter): Promise<number> {
  return onDevice(adapter, flops);
}

/** GB/s that a copy reads and writes together, the best of a few samples. */
export function measureCopy(adapter: GPUAdapter): Promise<number> {
  return onDevice(adapter, bandwidth);
}

async function onDevice(adapter: GPUAdapter, rate: (device: GPUDevice) => Promise<number>): Promise<number> {
  const device = await adapter.requestDevice({ label: "peak" });
  try {
    return await rate(device);
  } finally {
    device.destroy();
  }
}

async function flops(device: GPUDevice): Promise<number> {
  const operands = device.createBuffer({
    size: 8,
    usage: GPUBufferUsage.UNIFORM | GPUBufferUsage.COPY_DST,
  });
  // x ← 0.5·x + 1 stays near 2, a value that is slow on no adapter.
  device.queue.writeBuffer(operands, 0, new Float32Array([0.5, 1]));
  const sums = device.createBuffer({ size: 4 * WORKGROUP * MOST_WORKGROUPS, usage: GPUBufferUsage.STORAGE });
  const time = await timer(device, peakCode, { WORKGROUP, TURNS }, [operands, sums]);
  let workgroups = 64;
  let dispatches = 4;
  while ((await time(workgroups, dispatches)) < SAMPLE_MS) {
    if (workgroups < MOST_WORKGROUPS) workgroups *= 2;
    else dispatches *= 2;
  }
  const best = await least(() => time(workgroups, dispatches));
  return (FLOPS_A_WORKGROUP * workgroups * dispatches) / best / 1e6;
}

async function bandwidth(device: GPUDevice): Promise<number> {
  const buffers = [0, 1].map(() => device.createBuffer({ size: COPY_BYTES, usage: GPUBufferUsage.STORAGE }));
  const time = await timer(device, copyCode, { WORKGROUP: COPY_WORKGROUP }, buffers);
  const workgroups = COPY_BYTES / 16 / COPY_WORKGROUP;
  let dispatches = 1;
  while ((await time(workgroups, dispatches)) < SAMPLE_MS) dispatches *= 2;
  const best = await least(() => time(workgroups, dispatches));
  return (2 * COPY_BYTES * dispatches) / best / 1e6;
}

/** Compiles a kernel and returns a function that gives the milliseconds of so many dispatches of it. */
async function timer(
  device: GPUDevice,
  code: string,
  constants: Record<string, number>,
  buffers: readonly GPUBuffer[],
): Promise<(workgroups: number, dispatches: number) => Promise<number>> {
  const module = device.createShaderModule({ label: "peak", code });
  const pipeline = await device.createComputePipelineAsync({
    label: "peak",
    layout: "auto",
    compute: { module, constants },
  });
  const bindGroup = device.createBindGroup({
    layout: pipeline.getBindGroupLayout(0),
    entries: buffers.map((buffer, binding) => ({ binding, resource: { buffer } })),
  });
  return async (workgroups, dispatches) => {
    const encoder = device.createCommandEncoder();
    const pass = encoder.beginComputePass();
    pass.setPipeline(pipeline);
    pass.setBindGroup(0, bindGroup);
    for (let i = 0; i < dispatches; i++) pass.dispatchWorkgroups(workgroups);
    pass.end();
    const start = performance.now();
    device.queue.submit([encoder.finish()]);
    await device.queue.onSubmittedWorkDone();
    return performance.now() - start;
  };
}

async function least(time: () => Promise<number>): Promise<number> {
  let best = Infinity;
  for (let i = 0; i < SAMPLES; i++) best = Math.min(best, await time());
  return best;
}

/** Measures the adapter's peak rate of multiply-adds, with a kernel that needs no memory. */
import code from "./peak.wgsl?raw";

const WORKGROUP = 64;
const TURNS = 256;
/** 32 multiply-adds per turn in peak.wgsl, each a multiplication and an addition. */
const FLOPS_A_WORKGROUP = 2 * 32 * TURNS * WORKGROUP;
const MOST_WORKGROUPS = 32_768;
/** Long enough that launching does not matter, and short enough for a page. */
const SAMPLE_MS = 40;
const SAMPLES = 8;

/** GFLOP/s, the best of a few samples: any disturbance only lowers the rate. */
export async function measurePeak(adapter: GPUAdapter): Promise<number> {
  const device = await adapter.requestDevice({ label: "peak" });
  try {
    const pipeline = await device.createComputePipelineAsync({
      label: "peak",
      layout: "auto",
      compute: {
        module: device.createShaderModule({ label: "peak", code }),
        constants: { WORKGROUP, TURNS },
      },
    });
    const operands = device.createBuffer({
      size: 8,
      usage: GPUBufferUsage.UNIFORM | GPUBufferUsage.COPY_DST,
    });
    // x ← 0.5·x + 1 stays near 2, a value that is slow on no adapter.
    device.queue.writeBuffer(operands, 0, new Float32Array([0.5, 1]));
    const sums = device.createBuffer({
      size: 4 * WORKGROUP * MOST_WORKGROUPS,
      usage: GPUBufferUsage.STORAGE,
    });
    const bindGroup = device.createBindGroup({
      layout: pipeline.getBindGroupLayout(0),
      entries: [operands, sums].map((buffer, binding) => ({ binding, resource: { buffer } })),
    });

    /** Milliseconds. */
    const time = async (workgroups: number, dispatches: number) => {
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

    let workgroups = 64;
    let dispatches = 4;
    while ((await time(workgroups, dispatches)) < SAMPLE_MS) {
      if (workgroups < MOST_WORKGROUPS) workgroups *= 2;
      else dispatches *= 2;
    }
    let best = Infinity;
    for (let i = 0; i < SAMPLES; i++) best = Math.min(best, await time(workgroups, dispatches));
    return (FLOPS_A_WORKGROUP * workgroups * dispatches) / best / 1e6;
  } finally {
    device.destroy();
  }
}

/** The most multiply-adds a second that the adapter can do, measured by a kernel that needs no memory. */
import code from "./peak.wgsl?raw";

const WORKGROUP = 64;
const TURNS = 256;
/** A multiplication and an addition each; 32 a turn, as peak.wgsl has them. */
const FLOPS_A_WORKGROUP = 2 * 32 * TURNS * WORKGROUP;
const MOST_WORKGROUPS = 32_768;
/** A sample is long enough that launching it does not count, and short enough for a page. */
const SAMPLE_MS = 40;
const SAMPLES = 8;

/** GFLOP/s: the best of a few samples, since whatever disturbs a peak makes it lower. */
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
    // The chains stay near 2, where no adapter is slow.
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

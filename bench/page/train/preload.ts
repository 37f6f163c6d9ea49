/** Loads what the library loads on demand, so that the page needs no network once it is there. */
export async function preload(): Promise<void> {
  await Promise.all([
    import("../../../src/engine/reference/engine.js"),
    import("../../../src/engine/wasm/engine.js"),
    import("../../../src/engine/webgpu/engine.js"),
    import("../../../src/engine/webgpu/descent/descent.js"),
    import("../../../src/engine/webgpu/kernels/fused-kernels.js"),
    import("../../../src/engine/webgpu/kernels/objective-kernels.js"),
    import("../../../src/engine/webgpu/kernels/residual-kernels.js"),
    import("../../../src/engine/webgpu/kernels/steps-kernels.js"),
    import("../../../src/engine/webgpu/kernels/product-kernels.js"),
    import("../../../src/engine/webgpu/kernels/sum-kernels.js"),
    import("../../../src/engine/webgpu/kernels/update-kernels.js"),
    import("../../../src/engine/webgpu/objective/objective.js"),
    import("../../../src/model/formats/formats.js"),
    import("../../../src/model/labelled.js"),
    import("../../../src/parity/objective.js"),
    import("../../../src/parity/sampled.js"),
    import("../../../src/solvers/optimum/dense-equation.js"),
    import("../../../src/solvers/optimum/orthant-newton.js"),
    import("../../../src/solvers/optimum/owl-qn.js"),
    import("../../../src/solvers/optimum/proximal-newton.js"),
    import("../../../src/solvers/optimum/soft-targets.js"),
    import("../../../src/train/centroids.js"),
    import("../../../src/train/first-order.js"),
    import("../../../src/train/optimise.js"),
  ]);
}

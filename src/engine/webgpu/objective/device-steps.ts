/**
 * Steps of conjugate gradients whose scalars stay on the device, so that several run in one submission. They
 * follow `conjugateStep`.
 */
import type { ConjugateStep, ConjugateSystem } from "../../conjugate-system.js";
import {
  CONJUGATE_KERNELS,
  STEP_VECTORS,
  VECTOR_WORKGROUP,
  conjugateKernels,
  lanesOf,
} from "../kernels/constants.js";
import { type Compiled, compiled } from "../kernels/pipelines.js";
import type { ObjectiveTiling } from "../kernels/tiling.js";
import { grid } from "../kernels/cut.js";
import type { ObjectiveContext } from "./context.js";
import type { ObjectivePasses } from "./passes.js";
import type { GpuVectors } from "./vectors.js";
import { GPUBufferUsage } from "../device/flags.js";

/** Most steps in one submission. */
const MOST_STEPS = 4;
/**
 * Most multiply-adds of a product with the Hessian for which steps are taken ahead. Up to three of four may
 * be more than needed, and each spares a wait. That pays while a product takes no longer than some waits: of
 * 0.3 ms at 3 G/s on a software adapter, of 0.5 ms at 1 T/s on a GPU.
 */
const AHEAD_MACS = { slow: 4e6, fast: 2e9 };
/** Most workgroups of products, whose results each workgroup of a step adds by itself. */
const MOST_PARTS = 1024;

/** The kernels of a step. */
interface StepKernels {
  readonly hessian: Compiled;
  readonly products: Compiled;
  readonly step: Compiled;
}

/** Returns whether vectors of this size are small enough for steps on the device. */
export function fitsDeviceSteps(tiling: ObjectiveTiling): boolean {
  const { count, submissionMacs, updateVectors } = tiling;
  return partsOf(tiling) <= MOST_PARTS && count <= updateVectors && macsOfProducts(tiling) <= submissionMacs;
}

/** Most workgroups of products. */
function partsOf({ features4, classes4, multiplyLanes }: ObjectiveTiling): number {
  return Math.ceil((features4 * classes4 * multiplyLanes) / VECTOR_WORKGROUP);
}

/** Multiply-adds of M·H·d. */
function macsOfProducts({ features4, classes4 }: ObjectiveTiling): number {
  return 64 * features4 ** 2 * classes4;
}

export class DeviceSteps {
  /** As `Objective.stepsAhead`. */
  readonly ahead: number;
  readonly #context: ObjectiveContext;
  readonly #passes: ObjectivePasses;
  readonly #space: GpuVectors;
  /** (parts, 2) partial products. */
  readonly #products: GPUBuffer;
  /** The kernels, by whether there is a preconditioner. */
  readonly #kernels = new Map<boolean, Promise<StepKernels>>();

  constructor(context: ObjectiveContext, passes: ObjectivePasses, space: GpuVectors) {
    const { gpu, problem, tiling } = context;
    const { features4, classes4 } = tiling;
    this.#context = context;
    this.#passes = passes;
    this.#space = space;
    this.#products = gpu.buffer("partial products", 32 * partsOf(tiling), GPUBufferUsage.STORAGE);
    const macs = 32 * features4 * classes4 * problem.rows.length;
    this.ahead = macs <= AHEAD_MACS[gpu.capacity.slow ? "slow" : "fast"] ? MOST_STEPS : 1;
  }

  async take(system: ConjugateSystem, count: number): Promise<ConjugateStep[]> {
    const kernels = await this.#compiled(system.matrix !== undefined);
    return Promise.all(Array.from({ length: count }, () => this.#step(kernels, system)));
  }

  #compiled(preconditioned: boolean): Promise<StepKernels> {
    const { gpu, placed, problem, tiling } = this.#context;
    const found = this.#kernels.get(preconditioned);
    if (found) return found;
    const of = conjugateKernels(placed.rows, problem, tiling, preconditioned);
    const compiling = Promise.all(CONJUGATE_KERNELS.map((name) => compiled(gpu, name, of[name]))).then(
      ([hessian, products, step]) => ({ hessian, products, step }),
    );
    this.#kernels.set(preconditioned, compiling);
    compiling.catch(() => this.#kernels.delete(preconditioned));
    return compiling;
  }

  /** Queues a step. */
  async #step(kernels: StepKernels, system: ConjugateSystem): Promise<ConjugateStep> {
    const { commands, tiling } = this.#context;
    const { features4, classes4, count } = tiling;
    const space = this.#space;
    const { g, p, r, z, d, hd, mhd, scratch, matrix, free } = system;
    // 1. H·d, centred or restricted to the free weights.
    this.#passes.curvature(space.binding(d));
    if (free) {
      space.total(this.#passes.slots, this.#context.problem.scale, d, scratch);
      space.restrict(hd, scratch, free.w, free.d);
    } else this.#hessian(kernels, system);
    // 2. M·H·d and the products. Those with M·H·d ignore what is outside of the free weights, as r and H·d
    // are 0 there.
    const [parts] = grid(features4 * classes4 * (matrix ? tiling.multiplyLanes : 1), VECTOR_WORKGROUP);
    const vectors = {
      direction: space.binding(d),
      residual: space.binding(r),
      z: space.binding(z),
      products: this.#products,
    };
    commands.dispatch({
      kernel: kernels.products,
      buffers: {
        ...vectors,
        factor: space.binding(hd),
        gradient: space.binding(g),
        ...(matrix && { matrix: space.matrixBuffer(matrix), mhd: space.binding(free ? scratch : mhd) }),
      },
      whole: [0],
      groups: [parts],
      macs: matrix ? macsOfProducts(tiling) : 32 * count,
    });
    if (free && matrix) space.restrict(mhd, scratch, free.w, free.d);
    // 3. The step.
    const [before, after, length, slope] = await commands.sums(
      {
        kernel: kernels.step,
        buffers: {
          ...vectors,
          hd: space.binding(hd),
          solution: space.binding(p),
          ...(matrix && { mhd: space.binding(mhd) }),
        },
        whole: [parts],
        groups: grid(count, VECTOR_WORKGROUP * STEP_VECTORS),
        macs: 32 * count,
      },
      1,
    );
    return { before, after, length, slope };
  }

  /** hd ← H·d, less its mean over the classes, where the slots hold parts of it. */
  #hessian({ hessian: kernel }: StepKernels, { d, hd }: ConjugateSystem): void {
    const { commands, problem, tiling } = this.#context;
    const { features4, count, groupSums, rowThreads, slots } = tiling;
    const space = this.#space;
    const groups =
      groupSums > 1
        ? grid(4 * features4, rowThreads)
        : grid(4 * features4 * lanesOf(tiling), VECTOR_WORKGROUP);
    commands.dispatch({
      kernel,
      buffers: {
        slots: this.#passes.slots,
        weights: space.binding(d),
        penalties: space.penalties,
        to: space.binding(hd),
      },
      whole: [0],
      real: [problem.scale],
      groups,
      macs: 4 * (slots + 4) * count,
    });
  }
}

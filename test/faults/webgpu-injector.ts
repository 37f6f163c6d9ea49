/** Puts something else in the place of one call of WebGPU, trains, and says how that ended. For a browser. */
import { openGpu } from "../../src/engine/webgpu/device/device.js";
import { type SoftmaxModel, SmighError, type TrainOptions, train } from "../../src/index.js";
import type { Outcome } from "./fault.js";

/** In place of a call, which it may make. */
export type Fake = (call: (...args: unknown[]) => unknown, args: readonly unknown[]) => unknown;

/**
 * What fits call, by who has it. Buffers' and devices' `destroy` is how they are released, and how faults
 * lose a device.
 */
const METHODS: Readonly<Record<string, readonly string[]>> = {
  GPU: ["requestAdapter"],
  GPUAdapter: ["requestDevice"],
  GPUDevice: [
    "createBuffer",
    "createBindGroupLayout",
    "createShaderModule",
    "createPipelineLayout",
    "createComputePipelineAsync",
    "createBindGroup",
    "createCommandEncoder",
    "pushErrorScope",
    "popErrorScope",
  ],
  GPUQueue: ["writeBuffer", "submit", "onSubmittedWorkDone"],
  GPUCommandEncoder: ["beginComputePass", "copyBufferToBuffer", "finish"],
  GPUComputePassEncoder: ["dispatchWorkgroups"],
  GPUBuffer: ["mapAsync", "getMappedRange", "unmap"],
};

/** The label of buffers that are the page's own. */
export const NOT_OURS = "the page's own";

/** Milliseconds after which a fit hangs. "auto" gives an adapter ten seconds, and a device as many. */
const HANG_MS = 40_000;

const X = Array.from({ length: 24 }, (_, row) => [Math.sin(row), Math.cos(3 * row), (row * 7) % 5]);
const DATA = { x: X, y: X.map(([a, b]) => (a + b > 0.4 ? "a" : a > 0 ? "b" : "c")) };

const FITS: Readonly<Record<string, TrainOptions<string>>> = {
  sgd: { solver: "sgd", epochs: 2, batchSize: 8 },
  lbfgs: { solver: "lbfgs", maxIterations: 3, l2: 0.01 },
  newton: { solver: "newton", maxIterations: 2, l2: 0.01 },
};
export const SOLVERS = Object.keys(FITS);

/** The device that was last used, the buffers that are alive on any, and the fit whose kernels it has. */
let current: GPUDevice | undefined;
const alive = new Set<GPUBuffer>();
let warm: string | undefined;

const expected = new Map<string, Promise<Float32Array>>();

export function startFit(solver: string, options: TrainOptions<string> = {}): Promise<SoftmaxModel<string>> {
  return train(DATA, { engine: "webgpu", ...FITS[solver], ...options });
}

function seen(owner: unknown): void {
  if (owner instanceof GPUDevice) current = owner;
}

/** Loses the device that was last used. */
export function loseDevice(): void {
  current?.destroy();
}

/** The next fit opens a new device. */
async function coolDown(): Promise<void> {
  warm = undefined;
  const { device } = await openGpu();
  device.destroy();
  await device.lost;
  await turn(50);
}

function turn(milliseconds = 0): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}

/** Hears every call, and makes it or not, until the result is called. */
export function intercept(heard: (method: string, call: Parameters<Fake>[0], args: unknown[]) => unknown) {
  const originals = Object.entries(METHODS).flatMap(([owner, names]) => {
    const { prototype } = Reflect.get(globalThis, owner);
    return names.map((name) => {
      const original = Reflect.get(prototype, name);
      prototype[name] = function (...args: unknown[]) {
        seen(this);
        return heard(name, (...given) => Reflect.apply(original, this, given), args);
      };
      return () => (prototype[name] = original);
    });
  });
  return () => {
    for (const restore of originals) restore();
  };
}

/** The n-th call of a method, from 1 on, is the fake. */
export function atCall(method: string, n: number, fake: Fake): () => void {
  let calls = 0;
  return intercept((name, call, args) =>
    name === method && ++calls === n ? fake(call, args) : call(...args),
  );
}

/** How often a fit calls each method, on a device that it opens (cold) or on one that has its kernels. */
export async function countCalls(solver: string, cold: boolean): Promise<ReadonlyMap<string, number>> {
  if (cold) await coolDown();
  else await fitsAgain(solver);
  const calls = new Map<string, number>();
  const restore = intercept((name, call, args) => {
    calls.set(name, (calls.get(name) ?? 0) + 1);
    return call(...args);
  });
  await startFit(solver);
  restore();
  return calls;
}

export interface Injection {
  readonly solver: string;
  /** On a device that is not open before. */
  readonly cold?: boolean;
  /** The error must say this. */
  readonly says?: RegExp;
  /** Breaks something, and returns what mends it. */
  inject(): () => void;
  /** Default: the solver's fit. */
  fit?(): Promise<SoftmaxModel<string>>;
}

/** Trains with a fault, and once more without. */
export async function outcomeOf({
  solver,
  cold = false,
  says = /./,
  inject,
  fit = () => startFit(solver),
}: Injection): Promise<Outcome> {
  expected.set(solver, expected.get(solver) ?? startFit(solver).then(({ weights }) => weights));
  const right = await expected.get(solver);
  if (cold) await coolDown();
  else if (warm !== solver) await fitsAgain(solver);
  const { createBuffer } = GPUDevice.prototype;
  const { destroy } = GPUBuffer.prototype;
  GPUDevice.prototype.createBuffer = function (descriptor) {
    const buffer = createBuffer.call(this, descriptor);
    if (descriptor.label !== NOT_OURS) alive.add(buffer);
    return buffer;
  };
  GPUBuffer.prototype.destroy = function () {
    alive.delete(this);
    return destroy.call(this);
  };
  const uncaught: unknown[] = [];
  const hear = (event: PromiseRejectionEvent) => {
    event.preventDefault();
    event.stopImmediatePropagation();
    uncaught.push(event.reason);
  };
  window.addEventListener("unhandledrejection", hear, { capture: true });
  const mend = inject();
  try {
    warm = undefined;
    const result = await settled(fit());
    mend();
    if (result === undefined) return "hang";
    await turn();
    if (alive.size > 0) return "leak";
    if (uncaught.length > 0) return "unclear";
    if (!(await fitsAgain(solver))) return "leak";
    const { live } = await openGpu();
    if (live.buffers !== 0 || live.bytes !== 0) return "leak";
    if (result instanceof Error)
      return result instanceof SmighError && says.test(result.message) ? "named" : "unclear";
    return same(result.weights, right) ? "recovered" : "silent";
  } finally {
    mend();
    GPUDevice.prototype.createBuffer = createBuffer;
    GPUBuffer.prototype.destroy = destroy;
    alive.clear();
    window.removeEventListener("unhandledrejection", hear, { capture: true });
    if (warm === undefined) await coolDown(); // what one fault leaves behind is not the next one's
  }
}

/** Undefined where it hangs. */
async function settled<T>(answer: Promise<T>): Promise<T | Error | undefined> {
  const failed = (cause: unknown) => (cause instanceof Error ? cause : new Error(String(cause), { cause }));
  return Promise.race([answer.catch(failed), turn(HANG_MS).then(() => undefined)]);
}

/** Whether a fit with nothing in its way gives the right weights. */
async function fitsAgain(solver: string): Promise<boolean> {
  const model = await settled(startFit(solver));
  if (!model || model instanceof Error || !same(model.weights, await expected.get(solver))) return false;
  warm = solver;
  return true;
}

/** wasm may have another last digit. */
function same(weights: Float32Array, right: Float32Array = weights): boolean {
  return weights.every((weight, i) => Math.abs(weight - right[i]) < 1e-4);
}

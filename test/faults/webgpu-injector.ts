/** Replaces one call of WebGPU, trains, and reports how that ended. Runs in a browser. */
import { openGpu, runtimeWith } from "../support/engines.js";
import { type SoftmaxModel, SmighError, type TrainOptions, train } from "../../src/index.js";
import type { Outcome } from "./fault.js";

/** Replaces a call, and may make it. */
export type Fake = (call: (...args: unknown[]) => unknown, args: readonly unknown[]) => unknown;

/**
 * The methods that fits call, by owner. `destroy` of buffers and devices is not among them: it releases them,
 * and faults lose a device with it.
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

/** The label of buffers that belong to the page. */
export const NOT_OURS = "the page's own";

/**
 * Milliseconds after which a fit counts as hanging. "auto" gives an adapter ten seconds, and a device as
 * many.
 */
const HANG_MS = 40_000;

const X = Array.from({ length: 24 }, (_, row) => [Math.sin(row), Math.cos(3 * row), (row * 7) % 5]);
const DATA = { x: X, y: X.map(([a, b]) => (a + b > 0.4 ? "a" : a > 0 ? "b" : "c")) };

const FITS: Readonly<Record<string, TrainOptions<string>>> = {
  sgd: { solver: "sgd", epochs: 2, batchSize: 8 },
  lbfgs: { solver: "lbfgs", maxIterations: 3, l2: 0.01 },
  newton: { solver: "newton", maxIterations: 2, l2: 0.01 },
};
export const SOLVERS = Object.keys(FITS);

/**
 * The device used last, the live buffers on any device, and the fit whose kernels the device has compiled.
 */
let current: GPUDevice | undefined;
const alive = new Set<GPUBuffer>();
let warm: string | undefined;

const runtime = runtimeWith();

const expected = new Map<string, Promise<Float32Array>>();

export function startFit(solver: string, options: TrainOptions<string> = {}): Promise<SoftmaxModel<string>> {
  return train(DATA, { runtime, engine: "webgpu", ...FITS[solver], ...options });
}

function seen(owner: unknown): void {
  if (owner instanceof GPUDevice) current = owner;
}

/** Loses the device used last. */
export function loseDevice(): void {
  current?.destroy();
}

/** Makes the next fit open a new device. */
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

/** Passes every call to `heard`, which makes it or not, until the returned function is called. */
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

/** Replaces the n-th call of a method, counted from 1, by the fake. */
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
  /** Runs on a device that was not open before. */
  readonly cold?: boolean;
  /** The error must match this. */
  readonly says?: RegExp;
  /** Breaks something, and returns a function that mends it. */
  inject(): () => void;
  /** Default: a fit by the solver. */
  fit?(): Promise<SoftmaxModel<string>>;
}

/** Trains with a fault, and once more without it. */
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
    const { live } = (await openGpu()).state;
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
    if (warm === undefined) await coolDown(); // nothing of a fault may reach the next one
  }
}

/** Undefined if it hangs. */
async function settled<T>(answer: Promise<T>): Promise<T | Error | undefined> {
  const failed = (cause: unknown) => (cause instanceof Error ? cause : new Error(String(cause), { cause }));
  return Promise.race([answer.catch(failed), turn(HANG_MS).then(() => undefined)]);
}

/** Whether an undisturbed fit gives the right weights. */
async function fitsAgain(solver: string): Promise<boolean> {
  const model = await settled(startFit(solver));
  if (!model || model instanceof Error || !same(model.weights, await expected.get(solver))) return false;
  warm = solver;
  return true;
}

/** Compares weights, whose last digit may differ on wasm. */
function same(weights: Float32Array, right: Float32Array = weights): boolean {
  return weights.every((weight, i) => Math.abs(weight - right[i]) < 1e-4);
}

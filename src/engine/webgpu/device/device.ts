/** An open device as one engine sees it: its own errors and buffers, and waits that end with a loss. */
import { DeviceError, SmighError } from "../../../core/errors.js";
import type { Edited } from "../kernels/kernels.js";
import { type AdapterName, PATIENCE_MS, forgetDevice, nameFrom, ownDevice } from "./adapter.js";
import { type Capacity, capacityOf } from "./capacity.js";
import { scoped } from "./scopes.js";
import { withTimeout } from "./timeout.js";

/** Milliseconds to wait for the report of a loss after a failure, once the device has answered again. */
const LOSS_MS = 100;
/** Milliseconds to wait for an answer from a device that failed. */
const FAILED_MS = 2000;

/** Buffers alive on a device, over all engines. */
export interface Live {
  buffers: number;
  bytes: number;
}

/** State that engines on the same device share. */
interface Shared {
  readonly live: Live;
  /** Pipelines by the source of their kernel. */
  readonly pipelines: Map<string, Promise<GPUComputePipeline>>;
  /** Popped error scopes whose results are pending. */
  readonly scopes: Set<Promise<void>>;
  /** Callbacks for a lost device, one for each pending wait. */
  readonly waiting: Set<() => void>;
  lost: GPUDeviceLostInfo | undefined;
}

const shared = new WeakMap<GPUDevice, Shared>();

/** The device that handles are made on, and how its engine uses it. */
export interface GpuHost {
  readonly device: GPUDevice;
  /** The adapter's name. */
  readonly adapter: string;
  readonly capacity: Capacity;
  /** Sources that replace those of the kernel table. */
  readonly edited: Edited;
}

export interface GpuOptions {
  /** A device to share; it is left open. Default: smigh's own device. */
  readonly device?: GPUDevice | undefined;
  /**
   * Milliseconds that the browser may take for an adapter, for a device and for the device's first answer.
   * Default 60,000.
   */
  readonly patience?: number | undefined;
  /** For tests: capacities below the adapter's own, and kernels that are wrong. */
  readonly capacity?: Partial<Capacity>;
  readonly edited?: Edited;
}

/**
 * Opens the device given, or smigh's own.
 *
 * @throws DeviceError if there is no device, or it is lost
 */
export async function openGpu({
  device: given,
  patience = PATIENCE_MS,
  capacity,
  edited = {},
}: GpuOptions = {}): Promise<Gpu> {
  const handle = (device: GPUDevice, { adapter, slow }: AdapterName) =>
    new Gpu({ device, adapter, capacity: { ...capacityOf(device, slow), ...capacity }, edited });
  if (given) return responding(handle(given, nameFrom(given.adapterInfo)), patience);
  const open = async () => {
    const { device, name } = await ownDevice(patience);
    return handle(device, name);
  };
  const gpu = await open();
  // The shared device may have been lost since the last fit: then open a new one.
  return responding(gpu, patience).catch(async () => responding(await open(), patience));
}

/** Waits until the device has answered, because a loss may not have been reported yet. */
async function responding(gpu: Gpu, patience: number): Promise<Gpu> {
  try {
    const answer = gpu.run(() => scoped(gpu.device, () => {})).error;
    await gpu.answered(withTimeout(patience, `The GPU device (${gpu.adapter})`, answer));
    return gpu;
  } catch (cause) {
    forgetDevice(gpu.device);
    throw cause;
  }
}

/** A handle on an open device. It reports its own errors and those of the handle that it was forked from. */
export class Gpu {
  readonly device: GPUDevice;
  readonly adapter: string;
  readonly capacity: Capacity;
  readonly edited: Edited;
  readonly #parent: Gpu | undefined;
  /** The purpose of the buffers, for error messages. */
  readonly #purpose: string;
  readonly #buffers = new Set<GPUBuffer>();
  readonly #shared: Shared;
  #failure: DeviceError | undefined;

  constructor({ device, adapter, capacity, edited }: GpuHost, purpose = "", parent?: Gpu) {
    this.device = device;
    this.adapter = adapter;
    this.capacity = capacity;
    this.edited = edited;
    this.#purpose = purpose;
    this.#parent = parent;
    this.#shared = sharedOn(device);
  }

  get live(): Live {
    return this.#shared.live;
  }

  get pipelines(): Map<string, Promise<GPUComputePipeline>> {
    return this.#shared.pipelines;
  }

  /**
   * Creates a handle with buffers of its own, which are released together. Its errors are not its parent's.
   *
   * @param purpose - what the buffers are for, as the object of "cannot hold"
   */
  fork(purpose: string): Gpu {
    return new Gpu(this, purpose, this);
  }

  /** Calls `make` with a handle of its own to allocate on. If that fails, its buffers are released. */
  async allocate<T>(purpose: string, make: (gpu: Gpu) => Promise<T>): Promise<T> {
    const own = this.fork(purpose);
    try {
      const made = await make(own); // to the end even if the device is lost: it may allocate until then
      await own.answered(Promise.resolve());
      return made;
    } catch (cause) {
      own.release();
      throw await own.explained(cause);
    }
  }

  /** Creates a buffer. If the device refuses it, the next `answered` rejects with a DeviceError. */
  buffer(label: string, size: number, usage: number): GPUBuffer {
    const { live } = this.#shared;
    const buffer = this.#scoped(
      () => this.device.createBuffer({ label, size, usage }),
      (why) => this.#refused(label, size, why),
    );
    this.#buffers.add(buffer);
    live.buffers++;
    live.bytes += buffer.size;
    return buffer;
  }

  /** Releases the buffers. */
  release(): void {
    const { live } = this.#shared;
    for (const buffer of this.#buffers) {
      live.buffers--;
      live.bytes -= buffer.size;
      try {
        buffer.destroy();
      } catch {
        // Only a lost device can throw here.
      }
    }
    this.#buffers.clear();
  }

  /**
   * Calls WebGPU synchronously. Throws a DeviceError if the call throws; if the device reports an error, the
   * next `answered` rejects with one.
   */
  run<T>(call: () => T): T {
    return this.#scoped(call, (why, cause) => this.#stopped(why, cause));
  }

  /**
   * Resolves to the device's answer once the errors of all earlier calls are known. Rejects with a
   * DeviceError if this handle or a parent had one, or if the device was lost.
   */
  async answered<T>(answer: Promise<T>): Promise<T> {
    const settled = async () => {
      const value = await answer;
      await Promise.all(this.#shared.scopes);
      return value;
    };
    try {
      const value = await this.untilLost(settled());
      this.check();
      return value;
    } catch (cause) {
      throw await this.explained(cause);
    }
  }

  /** Throws a DeviceError if the device is lost, or reported an error of this handle or of a parent. */
  check(): void {
    const { lost } = this.#shared;
    if (lost) throw this.#loss(lost);
    if (this.#failure) throw this.#failure;
    this.#parent?.check();
  }

  /** Returns the error to reject with after a failure. A lost device explains the failures that it causes. */
  async explained(cause: unknown): Promise<unknown> {
    if (cause instanceof SmighError && !(cause instanceof DeviceError)) return cause;
    if (!this.#shared.lost) await this.#hearLoss();
    const { lost } = this.#shared;
    if (lost) return this.#loss(lost);
    if (cause instanceof DeviceError) return cause;
    return (this.#failure ??= this.#stopped(String(cause), cause));
  }

  #scoped<T>(call: () => T, failureOf: (why: string, cause: unknown) => DeviceError): T {
    const fail = (why: string, cause: unknown) => (this.#failure ??= failureOf(why, cause));
    try {
      const { value, error } = scoped(this.device, call);
      const { scopes } = this.#shared;
      const heard = error
        .then((found) => void (found && fail(found.message, found)))
        .catch((cause: unknown) => void fail(String(cause), cause))
        .finally(() => scopes.delete(heard));
      scopes.add(heard);
      return value;
    } catch (cause) {
      throw cause instanceof SmighError ? cause : fail(String(cause), cause);
    }
  }

  /** Settles as `answer` does, or rejects with a DeviceError when the device is lost first. */
  untilLost<T>(answer: Promise<T>): Promise<T> {
    const { waiting } = this.#shared;
    return new Promise((resolve, reject) => {
      const lose = () => reject(new DeviceError("The GPU device was lost."));
      if (this.#shared.lost) lose();
      waiting.add(lose);
      void answer.then(resolve, reject).finally(() => waiting.delete(lose));
    });
  }

  /** Waits for a loss, which may be reported after the failures it caused, or for the device to answer. */
  async #hearLoss(): Promise<void> {
    const asked = async () => scoped(this.device, () => {}).error;
    const answer = withTimeout(FAILED_MS, "The GPU device", asked()).catch(() => {});
    const late = answer.then(() => new Promise((resolve) => setTimeout(resolve, LOSS_MS)));
    await Promise.race([this.device.lost, late]);
  }

  #loss({ message, reason }: GPUDeviceLostInfo): DeviceError {
    const why = (message || reason).replace(/\.$/, "");
    return new DeviceError(
      `The GPU device (${this.adapter}) was lost: ${why}. Train again; with smaller batches if it recurs.`,
    );
  }

  #refused(label: string, size: number, why: string): DeviceError {
    const sizes = Array.from(this.#buffers, (buffer) => buffer.size);
    const all = sizes.reduce((sum, bytes) => sum + bytes, 0);
    return new DeviceError(
      `${this.adapter} cannot hold ${this.#purpose}: that takes ${all} bytes in ${sizes.length} buffers, of at most ` +
        `${this.device.limits.maxBufferSize} bytes each, and ${label} (${size} bytes) was refused. ${why}`,
    );
  }

  /** The device itself may be broken, so the next fit opens another. */
  #stopped(why: string, cause: unknown): DeviceError {
    forgetDevice(this.device);
    return new DeviceError(`${this.adapter} stopped: ${why}`, { cause });
  }
}

function sharedOn(device: GPUDevice): Shared {
  const found = shared.get(device);
  if (found) return found;
  const made: Shared = {
    live: { buffers: 0, bytes: 0 },
    pipelines: new Map(),
    scopes: new Set(),
    waiting: new Set(),
    lost: undefined,
  };
  shared.set(device, made);
  void device.lost.then((info) => {
    made.lost = info;
    for (const lose of made.waiting) lose();
  });
  return made;
}

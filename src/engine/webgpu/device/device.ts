/** An open device as one engine sees it: its own errors and buffers, and waits that a loss ends. */
import { DeviceError, type RuntimeClosedError, SmighError } from "../../../core/errors.js";
import type { Edited } from "../kernels/kernels.js";
import type { KernelChoice } from "../kernels/choice.js";
import type { Capacity } from "./capacity.js";
import type { Nudger } from "./nudge.js";
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

/** The owner of the handles of a runtime. */
export interface GpuOwner {
  /** Set when the runtime is closed. */
  readonly closed: RuntimeClosedError | undefined;
  /** Called when a device is lost and when the runtime is closed, one for each pending wait. */
  readonly waiting: Set<() => void>;
  /** Makes the next engine open another device. This one stays open for its users. */
  forget(device: GPUDevice): void;
}

/** State that engines on the same device share. */
export interface DeviceState {
  readonly owner: GpuOwner;
  readonly live: Live;
  /** Pipelines by the source of their kernel. */
  readonly pipelines: Map<string, Promise<GPUComputePipeline>>;
  /** The fastest choice of kernels, or its search, by kind of problem. */
  readonly tuned: Map<string, Promise<KernelChoice>>;
  /** Where the browser answers from a timer. */
  readonly nudger: Nudger | undefined;
  /** Popped error scopes whose results are pending. */
  readonly scopes: Set<Promise<void>>;
  lost: GPUDeviceLostInfo | undefined;
}

/** The device that handles are made on, and how engines use it. */
export interface GpuContext {
  readonly device: GPUDevice;
  /** The adapter's name. */
  readonly adapter: string;
  readonly capacity: Capacity;
  /** Sources that replace those of the kernel table. */
  readonly edited: Edited;
  readonly state: DeviceState;
}

/** A handle on an open device. It reports its own errors and those of the handle that it was forked from. */
export class Gpu {
  readonly device: GPUDevice;
  readonly adapter: string;
  readonly capacity: Capacity;
  readonly edited: Edited;
  readonly state: DeviceState;
  readonly #parent: Gpu | undefined;
  /** The purpose of the buffers, for error messages. */
  readonly #purpose: string;
  readonly #buffers = new Set<GPUBuffer>();
  #failure: DeviceError | undefined;

  constructor({ device, adapter, capacity, edited, state }: GpuContext, purpose = "", parent?: Gpu) {
    this.device = device;
    this.adapter = adapter;
    this.capacity = capacity;
    this.edited = edited;
    this.#purpose = purpose;
    this.#parent = parent;
    this.state = state;
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
    const { live } = this.state;
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
    const { live } = this.state;
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
   * DeviceError if this handle or a parent had one, or if the device was lost, and with a RuntimeClosedError
   * if the runtime is closed.
   */
  async answered<T>(answer: Promise<T>): Promise<T> {
    const { nudger } = this.state;
    const settled = async () => {
      const value = await (nudger ? nudger.until(answer) : answer);
      await Promise.all(this.state.scopes);
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

  /**
   * Throws a DeviceError if the device is lost, or reported an error of this handle or of a parent, and a
   * RuntimeClosedError if the runtime is closed.
   */
  check(): void {
    const { owner, lost } = this.state;
    if (owner.closed) throw owner.closed;
    if (lost) throw this.#loss(lost);
    if (this.#failure) throw this.#failure;
    this.#parent?.check();
  }

  /** Returns the error to reject with after a failure. A lost device explains the failures that it causes. */
  async explained(cause: unknown): Promise<unknown> {
    if (cause instanceof SmighError && !(cause instanceof DeviceError)) return cause;
    const { owner } = this.state;
    if (!owner.closed && !this.state.lost) await this.#hearLoss();
    if (owner.closed) return owner.closed;
    const { lost } = this.state;
    if (lost) return this.#loss(lost);
    if (cause instanceof DeviceError) return cause;
    return (this.#failure ??= this.#stopped(String(cause), cause));
  }

  #scoped<T>(call: () => T, failureOf: (why: string, cause: unknown) => DeviceError): T {
    const fail = (why: string, cause: unknown) => (this.#failure ??= failureOf(why, cause));
    try {
      const { value, error } = scoped(this.device, call);
      const { scopes } = this.state;
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

  /**
   * Settles as `answer` does, or rejects with a DeviceError when the device is lost first, or with a
   * RuntimeClosedError when the runtime is closed.
   */
  untilLost<T>(answer: Promise<T>): Promise<T> {
    const { owner } = this.state;
    return new Promise((resolve, reject) => {
      const end = () => {
        if (owner.closed) reject(owner.closed);
        else if (this.state.lost) reject(new DeviceError("The GPU device was lost."));
      };
      end();
      owner.waiting.add(end);
      void answer.then(resolve, reject).finally(() => owner.waiting.delete(end));
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
    this.state.owner.forget(this.device);
    return new DeviceError(`${this.adapter} stopped: ${why}`, { cause });
  }
}

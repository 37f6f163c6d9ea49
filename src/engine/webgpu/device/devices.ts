/** The devices of a runtime: its own, which is opened once, and those that callers give. */
import { DeviceError, type RuntimeClosedError } from "../../../core/errors.js";
import type { EngineOptions } from "../../engine.js";
import {
  type AdapterName,
  type OwnDevice,
  PATIENCE_MS,
  POWER_PREFERENCES,
  type AdapterRequest,
  nameFrom,
  openDevice,
} from "./adapter.js";
import { capacityOf, lackOf } from "./capacity.js";
import { type DeviceState, Gpu, type GpuOwner } from "./device.js";
import { Nudger, answersFromTimer } from "./nudge.js";
import { scoped } from "./scopes.js";
import { withTimeout } from "./timeout.js";

export class Devices implements GpuOwner {
  readonly waiting = new Set<() => void>();
  readonly #states = new WeakMap<GPUDevice, DeviceState>();
  /** The runtime's own devices, by the adapter that was wanted. Later trainings find kernels compiled. */
  readonly #own = new Map<string, Promise<OwnDevice>>();
  readonly #ownDevices = new Map<string, GPUDevice>();
  /** All devices that were opened. They may be garbage: one that failed is replaced. */
  readonly #opened: WeakRef<GPUDevice>[] = [];
  #closed: RuntimeClosedError | undefined;

  get closed(): RuntimeClosedError | undefined {
    return this.#closed;
  }

  /**
   * Returns a handle on the device given, or on the runtime's own.
   *
   * @throws DeviceError if there is no device, it is lost, or its limits are too small for the kernels
   * @throws OptionError if the adapter is named in a page
   */
  async open({
    device: given,
    adapter = POWER_PREFERENCES[0],
    patience = PATIENCE_MS,
  }: EngineOptions = {}): Promise<Gpu> {
    if (given) return this.#responding(this.#handle(given, nameFrom(given.adapterInfo)), patience);
    const open = async () => {
      const { device, name } = await this.#openOwn({ adapter, patience });
      return this.#handle(device, name);
    };
    const gpu = await open();
    // The device may have been lost since the last training: then open a new one.
    return this.#responding(gpu, patience).catch(async () => this.#responding(await open(), patience));
  }

  forget(device: GPUDevice): void {
    for (const [adapter, own] of this.#ownDevices) {
      if (own !== device) continue;
      this.#own.delete(adapter);
      this.#ownDevices.delete(adapter);
    }
  }

  /** Destroys the runtime's own devices, and ends all waits, also on devices of callers, with the error. */
  close(error: RuntimeClosedError): void {
    this.#closed = error;
    for (const device of this.#opened) device.deref()?.destroy();
    for (const end of this.waiting) end();
  }

  async #openOwn({ adapter, patience }: AdapterRequest): Promise<OwnDevice> {
    if (this.#closed) throw this.#closed;
    const found = this.#own.get(adapter);
    // It may have been opened with another training's patience.
    if (found) return withTimeout(2 * patience, "The GPU device", found);
    const opening = openDevice({ adapter, patience });
    this.#own.set(adapter, opening);
    opening.then(
      ({ device }) => {
        this.#ownDevices.set(adapter, device);
        this.#opened.push(new WeakRef(device));
        if (this.#closed) device.destroy();
      },
      () => this.#own.delete(adapter),
    );
    return opening;
  }

  #handle(device: GPUDevice, { adapter, slow }: AdapterName): Gpu {
    const lack = lackOf(device.limits);
    if (lack) throw new DeviceError(`The GPU device (${adapter}) is too small: ${lack}. Take wasm.`);
    const state = this.#stateOf(device);
    return new Gpu({ device, adapter, capacity: capacityOf(device, slow), edited: {}, state });
  }

  #stateOf(device: GPUDevice): DeviceState {
    const found = this.#states.get(device);
    if (found) return found;
    const state: DeviceState = {
      owner: this,
      live: { buffers: 0, bytes: 0 },
      pipelines: new Map(),
      tuned: new Map(),
      nudger: answersFromTimer() ? new Nudger(device.queue) : undefined,
      scopes: new Set(),
      lost: undefined,
    };
    this.#states.set(device, state);
    void device.lost.then((info) => {
      state.lost = info;
      this.forget(device);
      for (const end of this.waiting) end();
    });
    return state;
  }

  /** Waits until the device has answered, because a loss may not have been reported yet. */
  async #responding(gpu: Gpu, patience: number): Promise<Gpu> {
    try {
      const answer = gpu.run(() => scoped(gpu.device, () => {})).error;
      await gpu.answered(withTimeout(patience, `The GPU device (${gpu.adapter})`, answer));
      return gpu;
    } catch (cause) {
      this.forget(gpu.device);
      throw cause;
    }
  }
}

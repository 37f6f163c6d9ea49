/** WebGPU faults: in the calls of small fits, and by a page that uses the same device. Runs in a browser. */
import {
  type Fake,
  type Injection,
  NOT_OURS,
  SOLVERS,
  atCall,
  countCalls,
  intercept,
  loseDevice,
  outcomeOf,
  startFit,
} from "./webgpu-injector.js";
import type { Fault } from "./fault.js";

interface Way {
  readonly name: string;
  readonly item: number;
  readonly fake: Fake;
  readonly says?: RegExp;
}

/**
 * Matches no error: the fit must recover, because the fault is not its own or another engine can take over.
 */
const MUST_RECOVER = /(?!)/;

const failed = () => new DOMException("injected", "OperationError");
const never = () => new Promise<never>(() => {});

const THROWS: Way = {
  name: "throws",
  item: 19,
  fake() {
    throw failed();
  },
};
const REJECTS: Way = { name: "rejects", item: 18, fake: () => Promise.reject(failed()) };
const LOSES: Way = {
  name: "loses the device",
  item: 18,
  says: /was lost/,
  fake(call, args) {
    loseDevice();
    return call(...args);
  },
};
const LOSES_SILENTLY: Way = {
  name: "loses the device and does not answer",
  item: 19,
  says: /was lost/,
  fake() {
    loseDevice();
    return never();
  },
};
/** Fails because no buffer may be both mapped and storage. */
const REFUSES: Way = {
  name: "refuses",
  item: 18,
  says: /cannot hold/,
  fake: (call, [descriptor]) =>
    call(Object.assign({}, descriptor, { usage: GPUBufferUsage.MAP_READ | GPUBufferUsage.STORAGE })),
};
const FINDS_NONE: Way = { name: "finds none", item: 20, fake: () => Promise.resolve(null) };
const LOST_AT_ONCE: Way = {
  name: "gives a device that is lost",
  item: 20,
  async fake(call, args) {
    const device = await call(...args);
    if (device instanceof GPUDevice) device.destroy();
    return device;
  },
};
const NEVER: Way = { name: "does not answer", item: 19, fake: never };

/** Methods that return a promise. */
const ANSWERED = ["createComputePipelineAsync", "popErrorScope", "onSubmittedWorkDone", "mapAsync"];
/** Calls that only a fit on a new device makes, or makes more of. */
const COLD = ["createShaderModule", "createPipelineLayout", "createComputePipelineAsync", "popErrorScope"];
const OPENING: Readonly<Record<string, readonly Way[]>> = {
  requestAdapter: [THROWS, REJECTS, FINDS_NONE],
  requestDevice: [THROWS, REJECTS, LOST_AT_ONCE],
};

/**
 * Calls before which a device is lost. The device hears of all commands encoded between two of them at once.
 */
const HEARD = ["createBindGroup", "writeBuffer", "submit"];
/** The most calls of a method that each way is tried at, spread over all calls. */
const MOST_CALLS = 12;

function waysOf(method: string): readonly Way[] {
  if (method in OPENING) return OPENING[method];
  if (method === "createBuffer") return [THROWS, LOSES, REFUSES];
  if (ANSWERED.includes(method)) return [THROWS, REJECTS, LOSES, LOSES_SILENTLY];
  return HEARD.includes(method) ? [THROWS, LOSES] : [THROWS];
}

/** Call numbers from 1 to `calls`, evenly spread. */
function spread(calls: number): number[] {
  const some = Math.min(calls, MOST_CALLS);
  return Array.from({ length: some }, (_, n) => 1 + Math.floor((n * calls) / some));
}

/** Faults of each method that a solver's fit calls, in every way that a call can fail. */
async function faultsOf(solver: string): Promise<Fault[]> {
  const whenCold = await countCalls(solver, true);
  const whenWarm = await countCalls(solver, false);
  return Array.from(whenCold.keys()).flatMap((method) => {
    const cold = COLD.includes(method) || method in OPENING;
    const calls = (cold ? whenCold : whenWarm).get(method) ?? 0;
    return waysOf(method).flatMap(({ name, item, fake, says }) =>
      spread(calls).map((n) => ({
        name: `${solver}: call ${n} of ${calls} of ${method} ${name}`,
        item,
        run: () => outcomeOf({ solver, cold, ...(says && { says }), inject: () => atCall(method, n, fake) }),
      })),
    );
  });
}

/** Fits with "auto" on an adapter whose name is that of a GPU. */
function autoFault(name: string, item: number, inject: () => () => void): Fault {
  const run = () =>
    outcomeOf({
      solver: "lbfgs",
      cold: true,
      says: MUST_RECOVER,
      fit: () => startFit("lbfgs", { engine: "auto" }),
      inject() {
        const mendName = property(GPUAdapter.prototype, "info", () => ({ vendor: "nvidia" }));
        const mend = inject();
        return () => {
          mend();
          mendName();
        };
      },
    });
  return { name: `auto: ${name}`, item, run };
}

const AUTO: readonly Fault[] = [
  ...Object.entries(OPENING).flatMap(([method, ways]) =>
    [...ways, NEVER].map(({ name, item, fake }) =>
      autoFault(`${method} ${name}`, item, () =>
        intercept((called, call, args) => (called === method ? fake(call, args) : call(...args))),
      ),
    ),
  ),
  ...Object.entries({
    createBuffer: [THROWS, REFUSES, LOSES],
    createComputePipelineAsync: [THROWS, REJECTS, LOSES_SILENTLY],
    popErrorScope: [REJECTS],
  }).flatMap(([method, ways]) =>
    ways.map(({ name, fake }) =>
      autoFault(`the first call of ${method} ${name}`, 20, () => atCall(method, 1, fake)),
    ),
  ),
  autoFault("navigator.gpu throws", 20, () =>
    property(Navigator.prototype, "gpu", () => {
      throw failed();
    }),
  ),
  autoFault("the adapter has no info", 20, () => property(GPUAdapter.prototype, "info", () => undefined)),
];

/** Replaces a getter until the returned function is called. */
function property(prototype: object, name: string, get: () => unknown): () => void {
  const original = Object.getOwnPropertyDescriptor(prototype, name) ?? {};
  Object.defineProperty(prototype, name, { get, configurable: true });
  return () => Object.defineProperty(prototype, name, original);
}

/** A device of the page, which smigh shares. */
async function shared(): Promise<GPUDevice> {
  const adapter = await navigator.gpu.requestAdapter();
  const device = await adapter?.requestDevice();
  if (!device) throw new Error("There is no device.");
  return device;
}

/** Makes a validation error, as a faulty page does. */
const err = (device: GPUDevice) => device.createBuffer({ label: NOT_OURS, size: 4, usage: 0 });

type SharedFit = (device: GPUDevice, solver: string) => ReturnType<typeof startFit>;

function sharedFault(solver: string, name: string, fit: SharedFit, says = MUST_RECOVER): Fault {
  const injection: Injection = {
    solver,
    says,
    inject: () => () => {},
    fit: async () => {
      const device = await shared();
      try {
        return await fit(device, solver);
      } finally {
        device.destroy();
      }
    },
  };
  return { name: `${solver}, shared: ${name}`, item: 18, run: () => outcomeOf(injection) };
}

/** Calls after which the page does something of its own. */
const MEDDLED = ["createBuffer", "createComputePipelineAsync", "submit", "mapAsync"];

/** Runs `meddle` as a page would: soon after smigh's calls, and never within them. */
function meddling(meddle: () => void): () => void {
  return intercept((name, call, args) => {
    const [{ label = "" } = {}] = args as [{ readonly label?: string }?];
    if (MEDDLED.includes(name) && label !== NOT_OURS) queueMicrotask(meddle);
    return call(...args);
  });
}

const sharedFaults = (solver: string): Fault[] => [
  sharedFault(solver, "the page's own errors", async (device, fit) => {
    const heard: string[] = [];
    device.addEventListener("uncapturederror", (event) => {
      event.preventDefault();
      heard.push(event.error.message);
    });
    let made = 0;
    const mend = meddling(() => {
      err(device);
      made++;
    });
    try {
      const model = await startFit(fit, { device });
      await device.queue.onSubmittedWorkDone();
      await new Promise((resolve) => setTimeout(resolve, 50));
      if (heard.length !== made) throw new Error(`The page heard ${heard.length} of its ${made} errors.`);
      return model;
    } finally {
      mend();
    }
  }),
  sharedFault(solver, "the page's own error scopes", async (device, fit) => {
    const answers: Promise<GPUError | null>[] = [];
    device.pushErrorScope("validation");
    device.pushErrorScope("out-of-memory");
    let depth = 2;
    const mend = meddling(() => {
      // Pop one error scope, or push one.
      if (depth > 1) answers.push(device.popErrorScope());
      else device.pushErrorScope("validation");
      depth = depth > 1 ? 1 : 2;
    });
    try {
      const model = await startFit(fit, { device });
      err(device);
      while (depth-- > 0) answers.push(device.popErrorScope());
      const errors = (await Promise.all(answers)).filter((error) => error !== null);
      if (errors.length !== 1)
        throw new Error(`The page's scopes heard ${errors.length} errors, not its own.`);
      return model;
    } finally {
      mend();
    }
  }),
  sharedFault(solver, "another fit at the same time has no memory", async (device, fit) => {
    const mend = intercept((name, call, args) => {
      const [{ label = "" } = {}] = args as [{ readonly label?: string }?];
      return name === "createBuffer" && label.startsWith("x of rows") && ++placed === 2
        ? REFUSES.fake(call, args)
        : call(...args);
    });
    let placed = 0;
    try {
      const fits = await Promise.allSettled([1, 2].map(() => startFit(fit, { device })));
      const models = fits.flatMap((one) => (one.status === "fulfilled" ? one.value : []));
      const reasons = fits.flatMap((one) => (one.status === "rejected" ? String(one.reason) : []));
      if (models.length !== 1 || !/cannot hold 24 rows/.test(reasons[0]))
        throw new Error(`${models.length} fits went on, and the rest are: ${reasons.join("; ")}`);
      return models[0];
    } finally {
      mend();
    }
  }),
  sharedFault(
    solver,
    "the page destroys the device in the middle",
    (device, fit) => startFit(fit, { device, onProgress: () => device.destroy() }),
    /was lost/,
  ),
];

const ofSolvers: Fault[] = [];
for (const solver of SOLVERS) ofSolvers.push(...(await faultsOf(solver)), ...sharedFaults(solver));

export const webgpuFaults: readonly Fault[] = [...ofSolvers, ...AUTO];

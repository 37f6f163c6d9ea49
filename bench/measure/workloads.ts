/** The workloads that the benchmark measures, and their batches. */
import { readIdx } from "../../src/data/readers/idx.js";
import { randomIntegers } from "../../src/core/random.js";

export interface Workload {
  readonly name: string;
  readonly features: number;
  readonly classes: number;
  /** Rows of the one batch that every step sees. */
  readonly batch: number;
  readonly learningRate: number;
  /** Steps from zero weights after which the losses of all systems must agree. */
  readonly steps: number;
  /** Left out unless named: it alone takes ten minutes where there is no GPU. */
  readonly onlyByName?: true;
  /** `mnist` is the address of the folder with the digits. */
  readonly load: (workload: Workload, mnist: string) => Promise<Batch>;
}

export interface Batch {
  /** (batch, features) */
  readonly x: Float32Array<ArrayBuffer>;
  /** (batch, features) The same as bytes, x = bytes / 255, for systems that accept them. */
  readonly bytes?: Uint8Array<ArrayBuffer>;
  /** (batch) */
  readonly labels: Int32Array<ArrayBuffer>;
}

export const workloads: readonly Workload[] = [
  { name: "mnist", features: 784, classes: 10, batch: 4096, learningRate: 0.5, steps: 4, load: digits },
  {
    name: "mnist-f32",
    features: 784,
    classes: 10,
    batch: 4096,
    learningRate: 0.5,
    steps: 4,
    load: floatDigits,
  },
  { name: "tiny", features: 4, classes: 3, batch: 150, learningRate: 0.5, steps: 4, load: clusters },
  { name: "wide", features: 1024, classes: 1000, batch: 1024, learningRate: 1, steps: 2, load: clusters },
  { name: "probe", features: 768, classes: 1000, batch: 4096, learningRate: 1, steps: 2, load: clusters },
  {
    name: "vocab",
    features: 256,
    classes: 100_000,
    batch: 256,
    learningRate: 4,
    steps: 2,
    load: clusters,
    onlyByName: true,
  },
];

/** The first handwritten digits of the MNIST training set. */
async function digits({ features, batch }: Workload, mnist: string): Promise<Batch> {
  const [images, labels] = await Promise.all([
    idx(mnist, "train-images-idx3-ubyte"),
    idx(mnist, "train-labels-idx1-ubyte"),
  ]);
  const bytes = images.slice(0, batch * features);
  return {
    x: Float32Array.from(bytes, (byte) => byte / 255),
    bytes,
    labels: Int32Array.from(labels.subarray(0, batch)),
  };
}

async function floatDigits(workload: Workload, mnist: string): Promise<Batch> {
  const { x, labels } = await digits(workload, mnist);
  return { x, labels };
}

async function idx(folder: string, name: string): Promise<Uint8Array<ArrayBuffer>> {
  const response = await fetch(new URL(name, folder));
  if (!response.ok)
    throw new Error(`${response.url} answered ${response.status}: is this page served by vite?`);
  const { values } = await readIdx(new Uint8Array(await response.arrayBuffer()), name);
  return Uint8Array.from(values);
}

/** Seeded normal clusters, each around the random centre of a class, so that a step can learn something. */
async function clusters({ features, classes, batch }: Workload): Promise<Batch> {
  const draw = randomIntegers(1);
  const labels = Int32Array.from({ length: batch }, () => draw() % classes);
  const x = new Float32Array(batch * features);
  labels.forEach((label, row) => {
    const noise = normals(1_000_000 + row);
    const centre = normals(label);
    for (let i = row * features; i < (row + 1) * features; i++) x[i] = 0.5 * centre() + 0.5 * noise();
  });
  return { x, labels };
}

/** Draws from the standard normal distribution (Box & Muller, 1958). */
function normals(seed: number): () => number {
  const integers = randomIntegers(seed);
  const uniform = () => (integers() + 0.5) / 2 ** 32;
  return () => Math.sqrt(-2 * Math.log(uniform())) * Math.cos(2 * Math.PI * uniform());
}

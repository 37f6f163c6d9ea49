/** Fetches the MNIST digits. */
import { DataError } from "../../../src/core/errors.js";
import { readIdx } from "../../../src/data/readers/idx.js";

export interface Digits {
  /** (count, 784) */
  readonly x: Uint8Array;
  /** (count) */
  readonly y: Uint8Array;
}

export interface Mnist {
  readonly train: Digits;
  readonly test: Digits;
}

/** Bytes of the four files together. */
const TOTAL = 54_950_048;

/**
 * Fetches the four files from the folder with the address `from`, reporting the bytes received. Throws a
 * DataError when a file is not available or does not hold bytes.
 */
export async function loadMnist(
  from: string,
  report: (bytes: number, total: number) => void,
): Promise<Mnist> {
  let bytes = 0;
  const read = async (name: string) => {
    const response = await fetch(new URL(name, from));
    if (!response.ok || !response.body) {
      throw new DataError(`${name} is not available: ${response.url} answered ${response.status}.`);
    }
    const counting = new TransformStream<Uint8Array, Uint8Array>({
      transform(chunk, controller) {
        bytes += chunk.length;
        report(bytes, TOTAL);
        controller.enqueue(chunk);
      },
    });
    const file = await new Response(response.body.pipeThrough(counting)).arrayBuffer();
    const { values } = await readIdx(new Uint8Array(file), name);
    if (values instanceof Uint8Array) return values;
    throw new DataError(`${name} contains ${values.constructor.name}, but the digits are bytes.`);
  };
  const [x, y, testX, testY] = await Promise.all([
    read("train-images-idx3-ubyte"),
    read("train-labels-idx1-ubyte"),
    read("t10k-images-idx3-ubyte"),
    read("t10k-labels-idx1-ubyte"),
  ]);
  return { train: { x, y }, test: { x: testX, y: testY } };
}

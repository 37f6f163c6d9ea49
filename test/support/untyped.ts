/** Calls the library without types, as JavaScript does, to pass it wrong arguments. */
import { type SoftmaxModel, type Trainer, train, trainer } from "../../src/index.js";

/** Makes a trainer from untyped arguments. Opens no engine. */
export function untypedTrainer(data: unknown, options: unknown = {}): Trainer {
  return Reflect.apply(trainer, undefined, [data, options]);
}

/** Starts a training from untyped arguments. */
export function untypedTrain(data: unknown, options: unknown = {}): Promise<SoftmaxModel> {
  return Reflect.apply(train, undefined, [data, options]);
}

/** The error that `make` throws. Fails if it throws nothing, or something that is no error. */
export function thrownBy(make: () => unknown): Error {
  try {
    make();
  } catch (error) {
    if (error instanceof Error) return error;
    throw new TypeError(`It threw ${String(error)}, which is no error.`, { cause: error });
  }
  throw new TypeError("It threw nothing.");
}

/** The error that the promise rejects with. Fails if it resolves, or rejects with what is no error. */
export async function rejectedBy(promise: Promise<unknown>): Promise<Error> {
  try {
    await promise;
  } catch (error) {
    if (error instanceof Error) return error;
    throw new TypeError(`It rejected with ${String(error)}, which is no error.`, { cause: error });
  }
  throw new TypeError("It did not reject.");
}

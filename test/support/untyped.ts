import { type SoftmaxModel, type Trainer, train, trainer } from "../../src/index.js";

/** A trainer made as JavaScript makes it: with no types in the way of a wrong value. Opens no engine. */
export function untypedTrainer(data: unknown, options: unknown = {}): Trainer {
  return Reflect.apply(trainer, undefined, [data, options]);
}

/** A training started as JavaScript starts it. */
export function untypedTrain(data: unknown, options: unknown = {}): Promise<SoftmaxModel> {
  return Reflect.apply(train, undefined, [data, options]);
}

/** What `make` throws. Fails where it throws nothing, or no error. */
export function thrownBy(make: () => unknown): Error {
  try {
    make();
  } catch (error) {
    if (error instanceof Error) return error;
    throw new TypeError(`It threw ${String(error)}, which is no error.`, { cause: error });
  }
  throw new TypeError("It threw nothing.");
}

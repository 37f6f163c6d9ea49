/** Guards against files that are damaged, or claim to hold more than memory does. */
import { DataError } from "../../core/errors.js";

/** Memory that the values of a file may take, at least, and for each of its bytes. */
const LEAST_BUDGET = 2 ** 29;
const BUDGET_OF_BYTE = 256;

/** Does what may fail where a file is damaged. Turns errors of any class into a DataError. */
export function tryTo<T>(what: string, act: () => T): T {
  try {
    return act();
  } catch (cause) {
    if (cause instanceof DataError) throw cause;
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new DataError(`${what} cannot be read; it is damaged, or of a kind that is not read: ${why}.`, {
      cause,
    });
  }
}

/** Memory that a file may take: `spend` throws an Error where that is spent. */
export interface Budget {
  spend(bytes: number): void;
}

/** Returns the memory that a file of `size` bytes may take: more than any real one is packed by. */
export function createBudget(size: number): Budget {
  const limit = LEAST_BUDGET + BUDGET_OF_BYTE * size;
  let spent = 0;
  return {
    spend(bytes) {
      spent += bytes;
      if (spent > limit) {
        throw new Error(`the file has ${size} bytes, but its values take more than ${limit} when unpacked`);
      }
    },
  };
}

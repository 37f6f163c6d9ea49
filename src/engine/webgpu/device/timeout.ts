/** Timeouts for answers from WebGPU. */
import { DeviceError } from "../../../core/errors.js";

/**
 * Settles as `answer` does, or rejects with a DeviceError after `ms` milliseconds.
 *
 * @param what - what is awaited, as the subject of a sentence
 */
export function withTimeout<T>(ms: number, what: string, answer: Promise<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    const expire = () =>
      reject(new DeviceError(`${what} gave no answer within ${ms / 1000} s: restart the browser or Node.`));
    const timer = setTimeout(expire, ms);
    unref(timer);
    void answer.then(resolve, reject).finally(() => clearTimeout(timer));
  });
}

/** Lets Node exit while the timer runs. In browsers a timer is a number and needs nothing. */
function unref(timer: number | { unref(): unknown }): void {
  if (typeof timer === "object") timer.unref();
}

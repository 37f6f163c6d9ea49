import { DeviceError } from "../../../core/errors.js";

/**
 * Settles as `answer` does, or rejects with a DeviceError after `ms` milliseconds.
 *
 * @param what - who is waited for, as the subject of a sentence
 */
export function withTimeout<T>(ms: number, what: string, answer: Promise<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    const expire = () =>
      reject(new DeviceError(`${what} gave no answer within ${ms / 1000} s: restart the browser.`));
    const timer = setTimeout(expire, ms);
    unref(timer);
    void answer.then(resolve, reject).finally(() => clearTimeout(timer));
  });
}

/** A timer is a number in browsers, and in Node an object that would keep the process alive. */
function unref(timer: number | { unref(): unknown }): void {
  if (typeof timer === "object") timer.unref();
}

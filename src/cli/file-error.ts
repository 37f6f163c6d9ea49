/** Errors of files, which the system reports without saying which file it was. */
import { SmighError } from "../core/errors.js";

/** A file that is missing, unreadable, not writable, on a full disk. */
export class FileError extends SmighError {
  static {
    this.prototype.name = "FileError";
  }
}

/** Runs `work` on the file at `path`. Throws a FileError that names it where the system refuses. */
export async function withFile<T>(
  path: string,
  done: "read" | "written",
  work: () => Promise<T>,
): Promise<T> {
  try {
    return await work();
  } catch (cause) {
    if (!isSystemError(cause)) throw cause;
    throw new FileError(`${path} cannot be ${done}: ${cause.message}.`, { cause });
  }
}

/** Node's own limits have a code only; what the system refuses has a code too. */
export function isSystemError(error: unknown): error is NodeJS.ErrnoException {
  return error instanceof Error && "code" in error && typeof error.code === "string";
}

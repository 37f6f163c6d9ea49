/** Errors of files that name the file, which the system's own errors may not. */
import { SmighError } from "../core/errors.js";

/** A file is missing, unreadable or not writable, or its disk is full. */
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

/** Tells whether the system or a limit of Node's own caused the error: both set a string `code`. */
export function isSystemError(error: unknown): error is NodeJS.ErrnoException {
  return error instanceof Error && "code" in error && typeof error.code === "string";
}

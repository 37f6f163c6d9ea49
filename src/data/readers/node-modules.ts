/** Node's modules, where there is Node, without an import that bundlers for pages would look for. */

/** The parts of Node's modules that readers use. */
export interface NodeModules {
  (name: "node:fs"): {
    createReadStream(path: string, options: { highWaterMark: number }): AsyncIterable<Uint8Array>;
    promises: {
      readdir(path: string, options: { recursive: boolean }): Promise<string[]>;
      stat(path: string): Promise<FileStat>;
      open(path: string): Promise<FileHandle>;
    };
  };
  (name: "node:url"): { fileURLToPath(url: string): string };
}

/** A file that is open. */
export interface FileHandle {
  read(
    buffer: Uint8Array,
    offset: number,
    length: number,
    position: number,
  ): Promise<{ readonly bytesRead: number }>;
  close(): Promise<void>;
}

interface FileStat {
  readonly size: number;
  isFile(): boolean;
  isFIFO(): boolean;
  isCharacterDevice(): boolean;
  isSocket(): boolean;
}

/** Returns what loads Node's modules, or undefined in a page. Deno and Bun have it, too. */
export function nodeModules(): NodeModules | undefined {
  const { process } = globalThis as { process?: { getBuiltinModule?: NodeModules } };
  return process?.getBuiltinModule;
}

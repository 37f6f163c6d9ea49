/** Loads the file of another result, chosen or dropped on the page. */
import { find } from "../shared/dom.js";
import { ResultError, type Result, readResult } from "../../measure/result.js";

/** Largest file that is read, in bytes; results are far smaller. */
const LARGEST = 16 * 2 ** 20;

interface Listener {
  loaded(result: Result, name: string): void;
  refused(name: string, error: ResultError): void;
}

/** Listens for a file that is chosen, or dropped anywhere on the page. */
export function onResultFile(listener: Listener): void {
  const read = async (file: File) => {
    try {
      if (file.size > LARGEST)
        throw new ResultError(`The file has ${file.size} bytes, and a result has at most ${LARGEST}.`);
      listener.loaded(readResult(await file.text()), file.name);
    } catch (error) {
      if (!(error instanceof ResultError)) throw error;
      listener.refused(file.name, error);
    }
  };
  const input = find("#load", HTMLInputElement);
  input.addEventListener("change", () => {
    const file = input.files?.[0];
    // Reset, so that choosing the same file again is a change.
    if (file) void read(file).finally(() => (input.value = ""));
  });
  const target = document.documentElement;
  const mark = (dropping: boolean) => document.body.classList.toggle("dropping", dropping);
  target.addEventListener("dragover", (event) => {
    event.preventDefault();
    mark(true);
  });
  target.addEventListener("dragleave", () => mark(false));
  target.addEventListener("drop", (event) => {
    event.preventDefault();
    mark(false);
    const file = event.dataTransfer?.files[0];
    if (file) void read(file);
  });
}

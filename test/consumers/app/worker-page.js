/** A page whose own worker trains, and which shows the report. */
import { show } from "./show.js";

const worker = new Worker(new URL("./training-worker.js", import.meta.url), { type: "module" });
worker.addEventListener("message", ({ data }) => show(data));
worker.addEventListener("error", ({ message }) => show({ auto: { error: `The worker failed: ${message}` } }));

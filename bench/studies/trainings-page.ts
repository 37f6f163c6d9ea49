/** The page of `npm run bench:train`: times trainings with the built library, and posts what it finds. */
import type * as library from "../../src/index.js";
import type { EngineName } from "../../src/engine/engine.js";
import { timeTrainings } from "../measure/trainings.js";
import { post } from "../browsers/post.js";

const query = new URLSearchParams(location.search);

await post(async (report) => {
  const built = (await import(/* @vite-ignore */ query.get("library") ?? "")) as typeof library;
  return timeTrainings(built, query.get("engine") as EngineName, Number(query.get("rounds")), report);
});

// Saves a model as JSON, loads it, and goes on from it when there are more rows.
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { loadModel, train } from "smigh";

let state = 5;
const random = () => (state = (16807 * state) % 2147483647) / 2147483647; // Park & Miller 1988
const normal = () => Math.sqrt(-2 * Math.log(random())) * Math.cos(2 * Math.PI * random());

const NAMES = ["low", "middle", "high"];
function draw(rows) {
  const y = Array.from({ length: rows }, () => NAMES[Math.floor(3 * random())]);
  const x = y.map((name) => Array.from({ length: 20 }, () => normal() + 0.1 * NAMES.indexOf(name)));
  return { x, y };
}

const monday = draw(1000);
const model = await train(monday, { C: 10 });

const folder = await mkdtemp(join(tmpdir(), "smigh-"));
const path = join(folder, "model.json");
await writeFile(path, await model.save()); // bytes of JSON; JSON.stringify(model) has the same numbers
const loaded = loadModel(await readFile(path));
await rm(folder, { recursive: true });

const [before, after] = [model.predictProba(monday), loaded.predictProba(monday)];
console.log(
  "the file gives the same bits back:",
  before.every((p, i) => p === after[i]),
);

// Fifty rows came in since. From the loaded weights the optimum is the same, only nearer.
const tuesday = draw(50);
const all = { x: [...monday.x, ...tuesday.x], y: [...monday.y, ...tuesday.y] };
for (const init of ["zeros", loaded]) {
  const { history, iterations, converged } = await train(all, { C: 10, init });
  const losses = [history[0], history.at(-1)].map(({ loss }) => loss.toFixed(5)).join(" and in the end ");
  console.log(`${iterations} iterations: loss ${losses}, converged: ${converged}`);
}

/** Trains with the engine that the address names, and says in the page how that went. */
import { train } from "./index.js";

const engine = new URLSearchParams(location.search).get("engine");
const [count, features] = [20_000, 100];
const x = Uint8Array.from({ length: count * features }, (_, i) => (i * i) % 251);
const y = Array.from({ length: count }, (_, row) => Math.floor(x[row * features] / 26));

let ticks = 0;
setInterval(() => ticks++);
const began = performance.now();
const outcome = await train({ x, y, features }, { engine, solver: "adam", epochs: 20, parity: true }).then(
  (model) => ({ ...model.engine, rho: model.parity.rho }),
  (error) => ({ error: `${error.name}: ${error.message}` }),
);
const milliseconds = performance.now() - began;
const cores = navigator.hardwareConcurrency;
document.body.textContent = JSON.stringify({ ...outcome, ticks, milliseconds, cores, crossOriginIsolated });
document.body.dataset.state = "ended";

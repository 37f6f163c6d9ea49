// A linear probe: classes of embeddings, here made up, with probabilities that can be believed.
import { train } from "smigh";

const FEATURES = 64;
const NAMES = ["cat", "dog", "horse", "bird", "frog"];

let state = 7;
const random = () => (state = (16807 * state) % 2147483647) / 2147483647; // Park & Miller 1988
const normal = () => Math.sqrt(-2 * Math.log(random())) * Math.cos(2 * Math.PI * random());

const centres = NAMES.map(() => Float32Array.from({ length: FEATURES }, normal));

/** Embeddings, flat, row after row, around the centre of their class, and the names of the classes. */
function draw(rows) {
  const y = Array.from({ length: rows }, () => NAMES[Math.floor(random() * NAMES.length)]);
  const x = new Float32Array(rows * FEATURES);
  y.forEach((name, row) => {
    const centre = centres[NAMES.indexOf(name)];
    for (let d = 0; d < FEATURES; d++) x[row * FEATURES + d] = 0.3 * centre[d] + normal();
  });
  return { x, y, features: FEATURES };
}

const [training, calibration, test] = [draw(600), draw(600), draw(2000)];

// `classes` is the order of logits and probabilities; without it the names are sorted.
const model = await train({ ...training, classes: NAMES }, { C: 10 });
console.log(`classes ${model.classes.join(", ")}; ${model.reason}`);
await report("as trained:", model);

// The model is too sure of itself: a temperature, fitted on rows of their own, divides its logits.
const { model: calibrated, temperature } = await model.calibrate(calibration);
await report(`with temperature ${temperature.toFixed(2)}:`, calibrated);

async function report(what, classifier) {
  const { accuracy, loss, calibrationError } = await classifier.evaluate(test);
  const [hits, gap] = [accuracy, calibrationError].map((part) => `${(100 * part).toFixed(1)} %`);
  console.log(`${what} accuracy ${hits}, loss ${loss.toFixed(3)}, calibration error ${gap}`);
}

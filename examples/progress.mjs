// Drives a training, aborts it and takes the weights so far.
import { trainer } from "smigh";

let state = 3;
const random = () => (state = (16807 * state) % 2147483647) / 2147483647; // Park & Miller 1988
const normal = () => Math.sqrt(-2 * Math.log(random())) * Math.cos(2 * Math.PI * random());

const y = Array.from({ length: 2000 }, () => random() < 0.5);
const x = y.map((label) => [normal() + Number(label), normal() - Number(label), normal()]);

const controller = new AbortController();
const training = trainer(
  { x, y },
  {
    solver: "adam",
    epochs: 1000,
    batchSize: 100,
    learningRate: 0.02,
    validation: 0.2,
    signal: controller.signal,
  },
);

try {
  // The training goes on when the next report is asked for. There is one at the end of every epoch, at least.
  for await (const { epoch, loss, validation } of training) {
    if (!validation) continue;
    console.log(`epoch ${epoch}: loss ${loss.toFixed(4)}, of the validation ${validation.loss.toFixed(4)}`);
    if (epoch === 8) controller.abort(); // as a button would
  }
} catch (error) {
  if (!controller.signal.aborted) throw error; // the reason of the signal is no failure
}

const { model } = training; // the weights so far; after a loop that ran to its end, the model
console.log(`${model.reason}; accuracy ${(100 * (await model.evaluate({ x, y })).accuracy).toFixed(1)} %`);

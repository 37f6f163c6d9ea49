/** The trainings of every consumer's program, and what came of each, as JSON can hold it. */
import { train } from "smigh";
import { loadModel } from "smigh/model";

/** Rows in clusters of one class each, with labels that are words. */
function clusters(classes, features, count) {
  const x = new Float32Array(count * features);
  const y = Array.from({ length: count }, (_, row) => `class ${row % classes}`);
  for (let row = 0; row < count; row++) {
    for (let d = 0; d < features; d++) {
      const centre = d % classes === row % classes ? 2 : 0;
      x[row * features + d] = centre + 0.3 * Math.sin(row * 12.9898 + d * 78.233);
    }
  }
  return { x, y, features };
}

/** Data for each engine that is asked for: few for "auto", which then asks for no GPU; more for webgpu. */
const DATA = { auto: clusters(3, 4, 90), webgpu: clusters(10, 60, 600) };

/** Trains, saves the model, loads it and predicts the rows of the training. */
async function trainOn(engine) {
  const data = DATA[engine];
  try {
    const model = await train(data, { engine });
    const { name, adapter, why } = model.engine;
    const predicted = loadModel(await model.save()).predict(data.x);
    return {
      name,
      adapter,
      why,
      wrong: data.y.filter((label, row) => label !== predicted[row]).length,
      warnings: model.warnings.map(({ code }) => code),
    };
  } catch (error) {
    return { error: `${error.name}: ${error.message}` };
  }
}

/** Trains on each of the engines, one after another. */
export async function trainings(engines) {
  const report = {};
  for (const engine of engines) report[engine] = await trainOn(engine);
  return report;
}

/** Sums over rows on the device follow the plan: how rows are cut into blocks changes no bit. */
import { expect, test } from "vitest";
import { objectiveOf } from "../../../conformance/objectives.js";
import { RULES, plan, randomRows, randomWeights } from "../../../conformance/problems.js";
import { webgpuEngine } from "../../../support/engines.js";

const shape = { count: 1000, features: 21, classes: 10 };
const rows = randomRows(shape, "f32", 1);
const start = randomWeights(shape, 2);
/** Most rows of a block. The last is more than there are. The first ones leave 1, 2 or 3 nodes waiting. */
const BLOCKS = [64, 128, 256, 512, 2000];

// The spans, 64 or 32 rows, decide the sums; kernels with little work per thread compile fast.

test.each(["tiled 2x1/64", "tiled 4x1/32"])("an objective's, by %s", async (kernels) => {
  const seen = [];
  for (const blockRows of BLOCKS) {
    const engine = await webgpuEngine({ capacity: { blockRows } });
    const placement = await engine.place(rows);
    const objective = await placement.objective({ ...objectiveOf(rows, shape.classes), kernels });
    const [w, g, h] = [objective.space.vector(start), objective.space.vector(), objective.space.vector()];
    const sums = await objective.linearize(w, g);
    objective.setDirection(g);
    objective.curvature(w, h);
    const trials = await objective.evaluateAlong([0, 0.5]);
    const others = await objective.evaluate(w, objectiveOf(rows, shape.classes).rows.subarray(7));
    const vectors = await Promise.all([g, h].map((vector) => objective.space.read(vector)));
    seen.push({ sums, trials, others, vectors });
    objective.release();
    placement.release();
    engine.close();
  }
  for (const one of seen) expect(one).toEqual(seen[0]);
});

test.each(["fused 2x1/64", "tiled 2x1/64"])("a descent's, by %s", async (kernels) => {
  const seen = [];
  for (const blockRows of BLOCKS) {
    const engine = await webgpuEngine({ capacity: { blockRows } });
    const placement = await engine.place(rows);
    const problem = { classes: shape.classes, intercept: true, rule: RULES["adam"], batchSize: 700, kernels };
    const descent = await placement.descent(problem, start);
    const { order, steps } = plan(rows, 700, false);
    const results = [];
    for await (const { sums } of descent.run([{ order, steps }])) results.push(sums);
    seen.push({ results, weights: await descent.weights(), others: await descent.evaluate(order) });
    descent.release();
    placement.release();
    engine.close();
  }
  for (const one of seen) expect(one).toEqual(seen[0]);
});

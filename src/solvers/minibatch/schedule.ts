/** Learning rates over the course of a training. */

/** How the learning rate changes over a training. It ramps up over the first `warmup` epochs (default 0). */
export type Schedule =
  /** The same rate throughout. */
  | { readonly kind: "constant"; readonly rate: number; readonly warmup?: number | undefined }
  /** Multiplied by `factor` after every `every` epochs. */
  | {
      readonly kind: "step";
      readonly rate: number;
      readonly every: number;
      readonly factor: number;
      readonly warmup?: number | undefined;
    }
  /** From `rate` to `final` (default 0) along half a cosine (Loshchilov & Hutter 2017). */
  | {
      readonly kind: "cosine";
      readonly rate: number;
      readonly final?: number | undefined;
      readonly warmup?: number | undefined;
    };

/**
 * The rate of a step (from 0). During the first `warmup` epochs (default 0) the scheduled rate is multiplied
 * by a ramp from 1/steps to 1 (Goyal et al. 2017); a cosine begins after them.
 */
export function rateAt(schedule: Schedule, step: number, stepsPerEpoch: number, epochs: number): number {
  const warmup = schedule.warmup ?? 0;
  const ramp = warmup > 0 ? Math.min(1, (step + 1) / (warmup * stepsPerEpoch)) : 1;
  return ramp * scheduled(schedule, step / stepsPerEpoch, warmup, epochs);
}

function scheduled(schedule: Schedule, epoch: number, warmup: number, epochs: number): number {
  switch (schedule.kind) {
    case "constant":
      return schedule.rate;
    case "step":
      return schedule.rate * schedule.factor ** Math.floor(epoch / schedule.every);
    case "cosine": {
      const final = schedule.final ?? 0;
      const turn = Math.max(0, epoch - warmup) / (epochs - warmup);
      return final + ((schedule.rate - final) * (1 + Math.cos(Math.PI * turn))) / 2;
    }
  }
}

/** The first sentence on each option, from the option table. Written by `npm run docs`. */
export const OPTION_TEXTS: Readonly<Record<string, string>> = {
  engine:
    'The engine: "webgpu" (the GPU), "wasm" (SIMD kernels on the processor\'s threads) or "reference" (plain loops in f64).',
  kernels: "Kernels of the engine, by name.",
  device: "A GPUDevice to share, which smigh leaves open.",
  adapter:
    'The GPU adapter that webgpu opens, where there are several: "high-performance" (default) or "low-power".',
  runtime:
    "Owns the GPU device, threads, memory and tuned choices of kernels, and closes them: see `createRuntime`.",
  solver: "The algorithm that minimises the objective.",
  tolerance: "For lbfgs and newton: how near the minimum they stop.",
  maxIterations: "For lbfgs and newton: the largest number of iterations.",
  memory: "For lbfgs: number of past steps that it remembers.",
  epochs: "For gd, sgd, adam and adamw: how often all examples are seen.",
  batchSize: "For sgd, adam and adamw: examples per step.",
  learningRate:
    "For gd, sgd, adam and adamw: the step length, a number above 0 or a schedule over the epochs.",
  sampling: "For sgd: how an epoch samples the examples.",
  momentum: "For sgd: v ← momentum·v + g.",
  nesterov: "For sgd with momentum: step along g + momentum·v.",
  beta1: "For adam and adamw: decay of the gradient's mean.",
  beta2: "For adam and adamw: decay of the gradient's mean square.",
  epsilon: "For adam and adamw: added to the root of the mean square.",
  weightDecay: "For adamw: each step subtracts rate·weightDecay·W from the weights, without the intercept.",
  l2: "Penalty on the mean objective, l2/2·‖W‖², without the intercept.",
  l1: "For lbfgs: a further penalty on the mean objective, l1·Σ|w|, without the intercept, which makes weights exactly 0.",
  C: "The penalty as scikit-learn defines it, instead of l2: l2 = 1 / (C · total weight of the training examples, with class weights).",
  penaltyFactors:
    "(features) factors on the penalty of each feature, both on l2 (or C) and on l1, as glmnet's penalty.factor without its rescaling: the penalty is Σ_d factor_d·(l2/2·‖w_d‖² + l1·Σ|w_d|).",
  reduction:
    'For gd, sgd, adam and adamw: minimise the "mean" of the weighted losses (default) or their "sum", as in the derivation.',
  intercept: "Fit an intercept.",
  standardize:
    "Train on (x − mean) / deviation of every feature, so that units do not matter to the penalty or to a step.",
  labelSmoothing: "ε of label smoothing: training targets become (1 − ε)·y + ε/classes.",
  classWeight:
    "Factor ≥ 0 on the weights of each class's training rows: a Map, or an object with labels as keys.",
  init: 'Initial weights: "zeros" (default), "centroids", or a model to continue from.',
  validation:
    "Examples to score but not to train on: a fraction of the data between 0 and 1, chosen at random, or other data.",
  patience: "Stop after this many epochs (iterations of lbfgs and newton) without a lower validation loss.",
  seed: "Seeds shuffling, sampling and the choice of a validation fraction.",
  shuffle: "For sgd, adam and adamw: shuffle the rows before every epoch of more than one step.",
  parity:
    "Check some passes of the running training against the f64 reference; `model.parity` has the result.",
  onProgress:
    "Called during the training, at most every 50 ms, and besides at the end of every epoch; for lbfgs and newton at the beginning and the end.",
  onWarning: "Called with each of `model.warnings` when it is raised.",
  signal: "Aborts the training, which then rejects with the signal's reason.",
};

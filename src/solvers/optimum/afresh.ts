/** How often second-order solvers evaluate F from scratch. */

/**
 * Every so many iterations Z is recomputed from the weights, so that rounding does not add up. Only there can
 * the state of a training be taken: it then need not contain Z, which has rows × classes values. Costs half a
 * pass more than a step: 1.6 % of the passes of L-BFGS.
 */
export const AFRESH = 32;

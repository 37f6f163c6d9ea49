/** Constants that the solver studies share between Node and the page. */

/** Batch size of the mini-batch solvers in the race. */
export const BATCH = 512;

/** The small data sets. */
export const SETS = ["iris", "wine", "breast_cancer", "digits"] as const;

/** Examples in a step of every first-order solver of the race. */
export const BATCH = 512;

/** What the small comparison is of. */
export const SETS = ["iris", "wine", "breast_cancer", "digits"] as const;

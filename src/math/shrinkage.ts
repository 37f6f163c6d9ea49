/** Shrinkage added to the variance of each feature: half the median of those above 0, or 1 if none varies. */
export function shrinkageOf(variances: Float64Array): number {
  const positive = variances.filter((value) => value > 0).toSorted();
  return positive.length > 0 ? positive[positive.length >> 1] / 2 : 1;
}

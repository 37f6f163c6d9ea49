/** What is added to each feature's variance: ½ of the median of those above 0, or 1 where no feature varies. */
export function shrinkageOf(variances: Float64Array): number {
  const positive = variances.filter((value) => value > 0).toSorted();
  return positive.length > 0 ? positive[positive.length >> 1] / 2 : 1;
}

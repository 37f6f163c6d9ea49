/** Replaces each row of z by its softmax, which adds up to 1. z: (rows, classes) */
export function softmax(z: Float64Array, classes: number): void {
  for (let first = 0; first < z.length; first += classes) {
    const row = z.subarray(first, first + classes);
    const max = row.reduce((a, b) => Math.max(a, b), -Infinity);
    let sum = 0;
    for (let k = 0; k < classes; k++) sum += row[k] = Math.exp(row[k] - max);
    for (let k = 0; k < classes; k++) row[k] /= sum;
  }
}

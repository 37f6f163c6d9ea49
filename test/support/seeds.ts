/** Parses seeds: "0..200" is 0 to 199, "17" is that seed alone, and "3,17,40..44" is several. */
export function seedsIn(text: string): number[] {
  return text.split(",").flatMap((part) => {
    const [from, to] = part.split("..").map(Number);
    const end = to ?? from + 1;
    if (!(Number.isSafeInteger(from) && Number.isSafeInteger(end) && from >= 0 && end > from)) {
      throw new RangeError(`Seeds are ${part}, and must be FROM..TO or a whole number ≥ 0.`);
    }
    return Array.from({ length: end - from }, (_, i) => from + i);
  });
}

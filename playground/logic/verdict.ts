/** What a network's probabilities say: a class, two classes, or nothing; and what its classes are called. */

/** Least difference of the two highest probabilities with which an answer is sure. */
export const MARGIN = 0.2;

/** Differences below are rounding errors: the classes are equal. */
const EQUAL = 1e-6;

/** A verdict; `first` and `second` are the labels of the most probable classes. */
export type Verdict =
  | { readonly kind: "sure" | "unsure"; readonly first: number; readonly second: number }
  /** Several classes share the highest probability. */
  | { readonly kind: "tie" };

/** Reads a verdict from class probabilities. A network of one class is always sure. */
export function verdictOf(probabilities: ArrayLike<number>): Verdict {
  const ranked = Array.from(probabilities, (_, label) => label)
    .sort((a, b) => probabilities[b]! - probabilities[a]! || a - b);
  const first = ranked[0]!, second = ranked[1] ?? first;
  const margin = second === first ? 1 : probabilities[first]! - probabilities[second]!;
  if (margin < EQUAL) return { kind: "tie" };
  return { kind: margin < MARGIN ? "unsure" : "sure", first, second };
}

/** What a reader calls a class. */
export function wordOfClass(names: readonly string[]): "digit" | "class" {
  return names.every((name, label) => name === String(label)) && names.length === 10 ? "digit" : "class";
}

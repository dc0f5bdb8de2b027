/** A score in words. */
import type { SampleWord } from "../data/samples.ts";
import type { Score } from "../training/trainer.ts";
import { count, counted, percent } from "../text/figures.ts";

/** `97.10 %: 9,710 of 10,000 test images`. */
export function describeScore({ accuracy, correct, total }: Score, word: SampleWord): string {
  return `${percent(accuracy)}: ${count(correct)} of ${counted(total, `test ${word}`)}`;
}

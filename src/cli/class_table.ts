/** How each class fares, as a table in a terminal and for machines. */
import { count, percent } from "../text/figures.ts";
import { shownName } from "../network/class_names.ts";
import { classesIn, confusionMatrix, figuresOfClasses, type Predictions } from "../report/predictions.ts";
import { alignColumns } from "../text/columns.ts";

/** How one class fares. */
export interface ClassRow {
  readonly label: number;
  readonly name: string;
  /** Samples of this class, and of them those that were named. */
  readonly total: number;
  readonly correct: number;
  /** Samples that were given this name, rightly or not. */
  readonly named: number;
  /** The other class that its samples were taken for most often; none where all were named rightly. */
  readonly takenFor?: { readonly label: number; readonly name: string; readonly count: number };
}

/** Characters of a name. */
const MOST_NAME = 24;

/** The classes that have samples or were named, in the model's order. */
export function classRows(predictions: Predictions): ClassRow[] {
  const { names } = predictions, classes = classesIn(predictions);
  const confusion = confusionMatrix(predictions, classes);
  return figuresOfClasses(confusion, classes).map((figures, row) => {
    const others = confusion[row]!.map((count, i) => i === row ? 0 : count);
    const most = Math.max(...others), label = classes[others.indexOf(most)]!;
    return {
      ...figures,
      name: names[figures.label]!,
      ...(most > 0 && { takenFor: { label, name: names[label]!, count: most } }),
    };
  });
}

/** The same as lines, a class each. @param word What a sample is called. */
export function classTable(rows: readonly ClassRow[], word: string): string[] {
  const head = ["Class", `${word}s`, "named rightly", "most often taken for"];
  return alignColumns(
    [
      head,
      ...rows.map(({ name, total, correct, takenFor }) => [
        shownName(name, MOST_NAME),
        count(total),
        total === 0 ? "–" : percent(correct / total),
        takenFor ? `${shownName(takenFor.name, MOST_NAME)}, ${count(takenFor.count)}` : "",
      ]),
    ],
    ["left", "right", "right", "left"],
  );
}

/** Puts what a neuron's inputs count into the products before it, so that its r is 1 and its v_leak 0, as most frameworks want. */
import { areAll, type Constants, ofConstants } from "../constants.ts";
import { type Draft, type Drafts, multiplyRows, rowsOf } from "./draft.ts";
import { refusal } from "./operators.ts";

/** A change that is made once all of its kind are known to be possible. */
type Change = () => void;

/** Means become sums, whose share goes into the product behind, or those before: Norse has no AvgPool2d. */
export function foldMeans(drafts: Drafts): void {
  for (const draft of drafts.nodes.values()) {
    if (draft.type !== "AvgPool2d") continue;
    const [rows = 1, columns = 1] = draft.whole.get("kernel_size")!.numbers, share = 1 / (rows * columns);
    const isPadded = draft.whole.get("padding")!.numbers.some((width) => width > 0);
    if (!isPadded && multiplyBehind(draft, share, drafts)) {
      draft.type = "SumPool2d";
      continue;
    }
    const changes = isPadded ? undefined : changesBefore(draft, share, drafts);
    if (changes) {
      for (const change of changes) change();
      draft.type = "SumPool2d";
    } else {
      drafts.note(`${draft.id}: Norse leaves AvgPool2d out`);
    }
  }
}

/** Multiplies what reads a node alone, and nothing else. */
function multiplyBehind({ id }: Draft, share: number, drafts: Drafts): boolean {
  const [reader] = drafts.readersOf(id);
  if (!reader || !drafts.isReadOnce(id) || reader.from.length !== 1) return false;
  if (reader.type === "Flatten") return multiplyBehind(reader, share, drafts);
  if (!reader.weight) return false;
  const { numbers } = reader.weight;
  numbers.forEach((value, i) => numbers[i] = value * share);
  return true;
}

/** The changes that multiply all that a node reads; `undefined` where one of them cannot be multiplied. */
function changesBefore(draft: Draft, gain: Constants, drafts: Drafts): Change[] | undefined {
  const changes = draft.from.map(({ node }) => changesOf(node, gain, drafts));
  return changes.every((each) => each !== undefined) ? changes.flat() : undefined;
}

function changesOf(id: string, gain: Constants, drafts: Drafts): Change[] | undefined {
  const draft = drafts.nodes.get(id);
  if (!draft || !drafts.isReadOnce(id)) return undefined;
  if (draft.weight) {
    const rows = rowsOf(gain, draft.weight.shape[0]!);
    return rows && [() => multiplyRows(draft, rows)];
  }
  const isLinear = ["SumPool2d", "AvgPool2d", "Flatten"].includes(draft.type);
  return isLinear && typeof gain === "number" ? changesBefore(draft, gain, drafts) : undefined;
}

/** Currents go into biases, gains into weights; what cannot stays in the neuron, and is noted. */
export function foldWanted(drafts: Drafts): void {
  for (const draft of drafts.nodes.values()) {
    if (!draft.wanted) continue;
    const { gain, current } = draft.wanted;
    if (!areAll(current, 0) && !addToBias(draft, current, drafts)) leak(draft, current, drafts);
    if (areAll(gain, 1)) continue;
    const loop = draft.loop && rowsOf(gain, draft.loop.weight!.shape[0]!);
    const changes = draft.loop && !loop ? undefined : changesBefore(draft, gain, drafts);
    if (changes) {
      for (const change of changes) change();
      if (draft.loop && loop) multiplyRows(draft.loop, loop);
    } else {
      draft.constants.set("r", gain);
      drafts.note(`${draft.id}: Norse ignores its r, which is not 1`);
    }
  }
}

/** Adds a current to the bias of a product before a neuron. */
function addToBias(draft: Draft, current: Constants, drafts: Drafts): boolean {
  for (const { node, delay } of draft.from) {
    const source = drafts.nodes.get(node);
    if (delay > 0 || !source?.weight || !drafts.isReadOnce(node)) continue;
    const rows = rowsOf(current, source.weight.shape[0]!);
    if (!rows) continue;
    source.bias = rows.map((value, row) => value + (source.bias?.[row] ?? 0));
    return true;
  }
  return false;
}

/** Has a leaky membrane's rest as its current, where no product stands before it. */
function leak(draft: Draft, current: Constants, drafts: Drafts): void {
  if (draft.type !== "LIF" && draft.type !== "LI") {
    throw refusal(
      draft.id,
      draft.type,
      "a current of its own, and no affine or conv2d before it that it alone reads, whose bias it could be",
    );
  }
  draft.constants.set("v_leak", ofConstants((c, share) => c * share, current, draft.wanted!.gain));
  drafts.note(`${draft.id}: snnTorch refuses a v_leak that is not 0, Sinabs too`);
}

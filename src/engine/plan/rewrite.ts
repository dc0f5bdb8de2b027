/** The fast paths: rewrites of a forward pass into steps that cost less and give the same result. */
import { foldsFeatures } from "../../network/encoders.ts";
import { kindOf } from "../../network/neurons.ts";
import { isFlat } from "../../network/shape.ts";
import type { Draft } from "./draft.ts";
import { type Reader, readersOf, stepsOf } from "./readers.ts";
import type { ForwardStep, PlanOptions, Product } from "./plan.ts";

/**
 * A loop of one population whose outputs come back to it after one step, through one product, becomes one scan.
 *
 * The scan adds V·o_{t−1} to the currents as it goes. What else is summed into the currents is summed before, for all steps.
 */
export function rewriteRecurrence(draft: Draft): void {
  draft.forward = draft.forward.flatMap((step): ForwardStep[] => {
    if (step.kind !== "loop" || step.body.length !== 3) return [step];
    const [back, sum, scan] = step.body;
    if (back?.kind !== "matmul" || sum?.kind !== "sum" || scan?.kind !== "scan") return [step];
    const product = draft.products[back.product]!, population = draft.populations[scan.population]!;
    const others = sum.terms.filter(({ value }) => value !== product.output);
    const isReadElsewhere = readersOf(draft).get(product.output)!.some((reader) => reader.step !== sum);
    const isSelf = !isReadElsewhere && product.input.value === population.output &&
      product.input.delay === 1 && !product.bias &&
      population.input === sum.into && others.length > 0 && others.length === sum.terms.length - 1 &&
      sum.terms.every(({ value, delay }) => value !== product.output || delay === 0) &&
      others.every(({ value }) => value !== population.output);
    if (!isSelf) return [step];
    const fused = { kind: "scanRecurrent", population: scan.population, product: back.product } as const;
    const [only] = others;
    const isSummed = others.length > 1 || only!.delay > 0 || sum.vector !== undefined ||
      only!.value === draft.input;
    const input = isSummed ? sum.into : only!.value;
    draft.populations[scan.population] = { ...population, input };
    draft.products[back.product] = { ...product, output: input };
    return isSummed ? [{ ...sum, terms: others }, fused] : [fused];
  });
}

/**
 * Products of the encoder's inputs, from what the encoder gives as it lies: with the sample's features multiplied into the weights
 * (noise), or with weights by unit, for gradients from spikes. Whatever else reads the inputs has them unpacked, as rows.
 */
export function rewriteInputs(draft: Draft, options: Required<PlanOptions>): void {
  const { encoder } = draft.spec.input, { node, shape, units, rows } = draft.values[draft.input]!;
  const readers = readersOf(draft).get(draft.input)!,
    products = readers.flatMap((reader) => productOf(draft, reader));
  const [encode, ...others] = draft.forward;
  /** Whatever is no product reads the inputs unpacked. */
  const unpack = () => {
    const into = draft.values.push({ index: draft.values.length, node, shape, units, rows }) - 1;
    draft.operators.forEach((operator, i) => {
      if (operator.input === draft.input) draft.operators[i] = { ...operator, input: into };
    });
    const steps: ForwardStep[] = [
      { kind: "unpack", into },
      ...others.map((step) => renamed(step, draft.input, into)),
    ];
    return { into, steps };
  };
  if (rows === "one") {
    if (options.target.external) {
      for (const { index } of draft.products) {
        const product = draft.products[index]!;
        if (product.weightsBy === "panel") draft.products[index] = { ...product, weightsBy: "unit" };
      }
    }
    const isInOrder = isFlat(shape) || readers.every(({ step }) => step.kind === "matmulRow");
    if (!isInOrder) draft.forward = [encode!, ...unpack().steps];
    return;
  }
  const isAlone = readers.length === 1 && products.length === 1;
  const { events, external = false } = options.target;
  const folds = foldsFeatures(encoder) && events && isAlone;
  if (isAlone && (external || (events && (folds || feedsExact(draft, products[0]!))))) {
    const { index } = products[0]!;
    draft.products[index] = { ...products[0]!, weightsBy: "unit" };
    replace(draft, ({ kind }) => kind === "matmul", index, [
      ...(folds && !external ? [{ kind: "pack", product: index } as const] : []),
      { kind: "inputMatmul", product: index },
    ]);
    return;
  }
  const isPlain = !foldsFeatures(encoder) || !events;
  const listing: readonly ForwardStep[] = events && isPlain && products.length > 0
    ? [{ kind: "listInputs" }]
    : [];
  if (isPlain && products.length === readers.length) {
    draft.forward = [encode!, ...listing, ...others];
    return;
  }
  const { into, steps } = unpack();
  for (const { index, input } of isPlain ? [] : products) {
    const product = draft.products[index]!;
    draft.products[index] = { ...product, input: { ...input, value: into }, inputShape: shape };
  }
  draft.forward = [encode!, ...listing, ...steps];
}

/**
 * A readout that is linear in time: the mean, sum or last of a leaky sum of a product. Since the sum over steps and the product can
 * change places, outputs below are weighed and summed over the steps first, and one product a sample gives the logits.
 *
 * Spikes below that lead to an exact gradient go back by themselves, as before.
 */
export function rewriteLinearReadout(
  draft: Draft,
  { recordStates, target: { events } }: Required<PlanOptions>,
): void {
  if (!events || recordStates) return;
  const { spec: { readout }, top, products, populations, forward } = draft;
  const { neuron, input, output, learned, constants } = populations[top]!;
  const readers = readersOf(draft);
  const matmul = forward.find((step) => step.kind === "matmul" && products[step.product]!.output === input);
  const isLinear = kindOf(neuron).leaks(neuron) !== undefined && readout.from === "state" &&
    readout.reduce !== "max" &&
    learned.length === 0 && constants.every(({ tensor }) => tensor === undefined) &&
    readers.get(output)!.length === 0 && readers.get(input)!.length === 1 &&
    forward.some((step) => step.kind === "scan" && step.population === top);
  if (!isLinear || matmul?.kind !== "matmul") return;
  const product = products[matmul.product]!;
  const below = populations.find((population) => population.output === product.input.value);
  if (!below?.isSpiking || followsFromSpikes(draft, below.index)) return;
  if (!forward.some((step) => step.kind === "list" && step.population === below.index)) return;
  const { node, shape, units } = draft.values[below.output]!;
  const into = draft.values.push({ index: draft.values.length, node, shape, units, rows: "one" }) - 1;
  products[product.index] = { ...product, input: { ...product.input, value: into } };
  populations[top] = { ...populations[top]!, keepsStates: false };
  const isListed = readers.get(below.output)!.length > 1;
  draft.forward = forward.flatMap((step): ForwardStep[] => {
    if (step === matmul) {
      const weigh = { kind: "weigh", population: below.index, into } as const;
      return [weigh, { kind: "readProduct", product: product.index }];
    }
    if (!("population" in step)) return [step];
    const isUnread = step.population === top ||
      (step.kind === "list" && step.population === below.index && !isListed);
    return isUnread ? [] : [step];
  });
}

/** A population of which spikes alone are wanted keeps nothing else, and leaves out units that cannot spike. */
export function rewriteEventsOnly(
  draft: Draft,
  { recordStates, skip, target: { events } }: Required<PlanOptions>,
): void {
  if (!events || recordStates) return;
  for (const step of stepsOf(draft.forward)) {
    if (step.kind !== "inputMatmul" && step.kind !== "matmulRow") continue;
    const population = populationOf(draft, draft.products[step.product]!);
    if (!population || !followsFromSpikes(draft, population.index)) continue;
    const { index, neuron, constants } = population;
    if (!draft.forward.some((scan) => scan.kind === "scan" && scan.population === index)) continue;
    const { scale = 1 } = kindOf(neuron).values(neuron);
    if (scale !== 1 || constants.some(({ tensor }) => tensor !== undefined)) continue;
    draft.populations[index] = { ...population, keepsStates: false };
    replace(draft, ({ kind }) => kind === "list", index, []);
    replace(draft, ({ kind }) => kind === "scan", index, [{
      kind: "scanSpikes",
      population: index,
      product: step.product,
    }]);
    const isPacked = draft.forward.some(({ kind }) => kind === "pack");
    if (skip && isPacked) {
      draft.forward = draft.forward.flatMap((other): ForwardStep[] =>
        other.kind === "pack"
          ? [{ kind: "select", product: step.product, population: index }, other]
          : [other]
      );
    }
  }
}

/** A population whose spikes no product reads needs no lists: they are counted, unless they are weighed, which counts them too. */
export function rewriteLists(draft: Draft): void {
  const isRead = (index: number) =>
    draft.products.some(({ input }) => input.value === draft.populations[index]!.output);
  const isWeighed = (index: number) =>
    draft.forward.some((step) => step.kind === "weigh" && step.population === index);
  draft.forward = draft.forward.flatMap((step): ForwardStep[] => {
    if (step.kind !== "list" || isRead(step.population)) return [step];
    return isWeighed(step.population) ? [] : [{ ...step, kind: "count" }];
  });
}

/** Steps that take a population through all time steps, outside a loop. */
const SCANS: readonly ForwardStep["kind"][] = ["scan", "scanSpikes", "scanRecurrent"];

/** The gradient of a population's currents follows from its spikes: its neuron says so, and one product alone reads its outputs. */
export function followsFromSpikes(draft: Draft, index: number): boolean {
  const { output, neuron } = draft.populations[index]!;
  const readers = readersOf(draft).get(output)!;
  return index !== draft.top && kindOf(neuron).hasExactGradient(neuron) && readers.length === 1 &&
    readers[0]!.step.kind === "matmul" && draft.forward.includes(readers[0]!.step) &&
    draft.forward.some((step) =>
      SCANS.includes(step.kind) && "population" in step && step.population === index
    );
}

/** The only reader of what a product gives, where that is a population. */
function populationOf(draft: Draft, { output }: Product) {
  const [reader, ...others] = readersOf(draft).get(output)!;
  return reader && "population" in reader.step && others.length === 0
    ? draft.populations[reader.step.population]!
    : undefined;
}

function feedsExact(draft: Draft, product: Product): boolean {
  const population = populationOf(draft, product);
  return population !== undefined && followsFromSpikes(draft, population.index);
}

function productOf(draft: Draft, { step, delay }: Reader): Product[] {
  return step.kind === "matmul" && delay === 0 ? [draft.products[step.product]!] : [];
}

/** Puts steps in the place of the one that has a product or population. */
function replace(
  draft: Draft,
  isMeant: (step: ForwardStep) => boolean,
  index: number,
  steps: readonly ForwardStep[],
): void {
  const indexOf = (step: ForwardStep) =>
    "population" in step ? step.population : "product" in step ? step.product : -1;
  draft.forward = draft.forward.flatMap((step) => isMeant(step) && indexOf(step) === index ? steps : [step]);
}

/** A step that reads one value in place of another; products of it are left as they are. */
function renamed(step: ForwardStep, from: number, to: number): ForwardStep {
  if (step.kind === "loop") return { ...step, body: step.body.map((inner) => renamed(inner, from, to)) };
  if (step.kind !== "sum") return step;
  return { ...step, terms: step.terms.map((term) => term.value === from ? { ...term, value: to } : term) };
}

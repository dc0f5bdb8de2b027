/**
 * From the forward pass to the backward pass: reverse-mode differentiation of steps.
 *
 * A value's gradient is combined where the step that makes the value is reached in reverse order, from what the value's readers
 * hand back. Products go back to the spikes alone where a population's gradient follows from them. In a loop the same
 * holds for each step of time, the last one first.
 */
import type { Draft } from "./draft.ts";
import type { BackwardStep, ForwardStep, PopulationPlan, Port, Product, Value } from "./plan.ts";
import { activeValues, flowOf } from "./reach.ts";
import { type Reader, readersOf } from "./readers.ts";
import { followsFromSpikes } from "./rewrite.ts";

/** Up to so many steps the neurons' kernels sum δI as they go: as in asm/long_sums.ts. */
export const MOST_PLAIN = 128;

/**
 * Derives the backward pass of a draft, and notes in the draft's lists where gradients lie.
 *
 * @param events Gradients may follow from spikes alone.
 */
export function differentiate(draft: Draft, events: boolean): readonly BackwardStep[] {
  const active = activeValues(draft);
  for (const { index, output } of draft.populations) {
    if (events && active.has(output) && followsFromSpikes(draft, index)) {
      change(draft.populations, index, { backwardFrom: "spikes" });
    }
  }
  return new Differentiation(draft, active).steps();
}

class Differentiation {
  readonly #draft: Draft;
  readonly #readers: ReadonlyMap<number, readonly Reader[]>;
  readonly #active: ReadonlySet<number>;
  /** Where each value's gradient lies. */
  readonly #gradients = new Map<number, number>();
  /** Values of loops, and the loop's body: their gradients have places of their own, for a later time step's is read before an earlier one is combined. */
  readonly #looped = new Map<number, readonly ForwardStep[]>();
  /** What comes back to those from readers outside, of all steps before the loop. */
  readonly #fromOutside = new Map<number, readonly Port[]>();
  /** What comes back to a population's outputs from the loss itself: from the readout, or a rate. */
  readonly #fromLoss = new Map<number, Port>();

  constructor(draft: Draft, active: ReadonlySet<number>) {
    this.#draft = draft;
    this.#readers = readersOf(draft);
    this.#active = active;
  }

  steps(): BackwardStep[] {
    const { spec: { readout }, top, populations, forward } = this.#draft;
    const steps: BackwardStep[] = [];
    if (forward.every(({ kind }) => kind !== "readProduct")) {
      const { output } = populations[top]!, read = this.#place(output);
      if (readout.from === "state") change(populations, top, { stateGradient: read });
      else this.#fromLoss.set(output, { value: read, delay: 0 });
      steps.push({ kind: "readBack", into: read });
    }
    for (const step of forward.toReversed()) {
      if (step.kind === "loop") this.#reverseLoop(step.body, steps);
      else this.#reverse(step, steps, steps);
    }
    return steps;
  }

  /**
   * Goes back through a step, unless no gradient is wanted of what it makes.
   *
   * @param after Where gradients of tensors are summed, over all time steps.
   */
  #reverse(step: ForwardStep, steps: BackwardStep[], after: BackwardStep[]): void {
    const { products, populations, operators } = this.#draft, flow = flowOf(this.#draft, step);
    if (!flow || !this.#active.has(flow.to)) return;
    switch (step.kind) {
      case "matmul":
      case "inputMatmul":
      case "matmulRow":
        this.#reverseProduct(products[step.product]!, steps, after);
        return;
      case "readProduct": {
        const { input: { value } } = products[step.product]!, into = this.#place(value, "in shares");
        this.#gradients.set(value, into);
        steps.push({ kind: "readProductBack", product: step.product, into });
        return;
      }
      case "weigh":
        return;
      case "operate":
        change(operators, step.operator, {
          outputGradient: this.#summed(flow.to, this.#combine(flow.to, steps), steps),
        });
        if (operators[step.operator]!.batchSums > 0) {
          steps.push({ kind: "sumBatchBack", operator: step.operator });
        }
        if (flow.isLearned) after.push({ kind: "operatorGradient", operator: step.operator });
        return;
      case "scan":
      case "scanSpikes":
      case "scanRecurrent":
        this.#reverseNeurons(step, populations[step.population]!, steps);
        return;
      default:
        this.#combine(flow.to, steps);
    }
  }

  #reverseProduct(product: Product, steps: BackwardStep[], after: BackwardStep[]): void {
    const { index, output, input } = product, { values, populations, products } = this.#draft;
    const fed = this.#feeds(product), isRow = values[input.value]!.rows === "one";
    if (fed?.backwardFrom === "spikes" && product.weightsBy !== "input" && !(isRow && fed.keepsStates)) {
      steps.push({
        kind: "coefficients",
        product: index,
        population: fed.index,
        from: fed.keepsStates ? "steps" : "spikes",
      });
      if (isRow) change(products, index, { outputGradient: this.#place(output, "one") });
      steps.push(
        isRow
          ? { kind: "outerGradient", product: index }
          : { kind: "traceGradient", product: index, population: fed.index, decay: fed.neuron.decay },
      );
      return;
    }
    change(products, index, { outputGradient: this.#combine(output, steps) });
    // Where the product goes back to spikes alone, its weights' gradient comes with theirs.
    if (populations.some((below) => below.output === input.value && below.backwardFrom === "spikes")) return;
    after.push({ kind: isRow ? "rowGradient" : "weightGradient", product: index });
  }

  #reverseNeurons(
    step: ForwardStep,
    { index, output, input, backwardFrom, keepsStates, rate }: PopulationPlan,
    steps: BackwardStep[],
  ): void {
    const { populations, products } = this.#draft;
    if (backwardFrom === "spikes") {
      const { step: reader } = this.#readers.get(output)![0]!;
      if (reader.kind === "matmul") {
        steps.push({ kind: "spikesBack", product: reader.product, population: index });
      }
      if (!keepsStates) return;
      change(populations, index, { outputGradient: this.#place(output) });
      steps.push({ kind: "spread", population: index });
    } else {
      const isLooped = this.#looped.has(output), hasOwn = rate !== undefined || step.kind === "scanRecurrent";
      const outputGradient = this.#combine(output, steps, hasOwn && !isLooped);
      change(populations, index, { outputGradient });
      if (rate && !isLooped) steps.push({ kind: "rateBack", population: index, into: outputGradient });
    }
    // In a loop the value has a place already, which is free where nothing else comes back to it.
    const isAlone = this.#readers.get(input)!.length === 1 && !this.#fromLoss.has(input);
    const { values, spec } = this.#draft;
    const isSummed = isAlone && step.kind !== "scanRecurrent" && values[input]!.rows === "one" &&
      spec.steps <= MOST_PLAIN;
    const inputGradient = (isAlone ? this.#gradients.get(input) : undefined) ??
      this.#place(output, isSummed ? "one" : "each step");
    change(populations, index, { inputGradient });
    if (step.kind === "scanRecurrent") {
      change(products, step.product, { outputGradient: inputGradient });
      steps.push({ kind: "scanRecurrentBack", population: index, product: step.product });
    } else steps.push({ kind: "scanBack", population: index });
  }

  /** Goes back through a loop; what is summed over all time steps comes after it. */
  #reverseLoop(body: readonly ForwardStep[], steps: BackwardStep[]): void {
    const { populations } = this.#draft;
    const active = body.filter((step) => this.#active.has(flowOf(this.#draft, step)?.to ?? -1));
    if (active.length === 0) return;
    for (const step of active) {
      const { to } = flowOf(this.#draft, step)!;
      this.#looped.set(to, body);
      this.#gradients.set(to, this.#place(to));
      const population = "population" in step ? populations[step.population]! : undefined;
      if (!population?.rate) continue;
      const into = this.#place(to);
      this.#fromLoss.set(to, { value: into, delay: 0 });
      steps.push({ kind: "clear", into }, { kind: "rateBack", population: population.index, into });
    }
    for (const { to } of active.map((step) => flowOf(this.#draft, step)!)) {
      const outside = this.#readersOf(to).filter(({ step }) => !body.includes(step));
      this.#fromOutside.set(to, outside.map((reader) => this.#handBack(reader, to, steps)));
    }
    const back: BackwardStep[] = [], after: BackwardStep[] = [];
    for (const step of active.toReversed()) this.#reverse(step, back, after);
    steps.push({ kind: "loopBack", body: back }, ...after);
  }

  /** The population that alone reads what a product gives. */
  #feeds({ output }: Product): PopulationPlan | undefined {
    const [reader, ...others] = this.#readers.get(output)!;
    return reader && "population" in reader.step && others.length === 0
      ? this.#draft.populations[reader.step.population]
      : undefined;
  }

  /**
   * Combines a value's gradient: the sum of what its readers and the loss hand back.
   *
   * @param isOwn It will be added to: so it may not be another value's gradient, too.
   * @returns Where it lies.
   */
  #combine(value: number, steps: BackwardStep[], isOwn = false): number {
    const fromLoss = this.#fromLoss.get(value), place = this.#gradients.get(value);
    const body = this.#looped.get(value);
    const ports = [...fromLoss ? [fromLoss] : [], ...this.#fromOutside.get(value) ?? []];
    const readers = this.#readersOf(value).filter(({ step }) => body?.includes(step) ?? true);
    // The only one in a loop writes to the value's own place.
    const isOnly = ports.length === 0 && readers.length === 1, room = isOnly ? place : undefined;
    const takesShares = isOnly && !body && !isOwn;
    let isShared = false;
    for (const reader of readers) {
      ports.push(this.#handBack(reader, value, steps, { room, takesShares }));
      isShared ||= !["matmul", "operate", "weigh"].includes(reader.step.kind);
    }
    const { values } = this.#draft;
    const isOne = ports.length > 1 && ports.some((port) => values[port.value]!.rows === "one") &&
      values[value]!.rows === "one";
    if (isOne) {
      for (const [i, port] of ports.entries()) {
        const rows = port.delay === 0 ? port.value : this.#place(value);
        if (port.delay !== 0) steps.push({ kind: "sum", terms: [port], into: rows });
        ports[i] = { value: this.#summed(value, rows, steps), delay: 0 };
      }
    }
    const [only] = ports;
    if (!body && ports.length === 1 && only!.delay === 0 && !(isOwn && isShared)) {
      this.#gradients.set(value, only!.value);
      return only!.value;
    }
    const into = place ?? this.#place(value, isOne ? "one" : "each step");
    this.#gradients.set(value, into);
    if (!only) steps.push({ kind: "clear", into });
    else if (ports.length > 1 || only.value !== into) steps.push({ kind: "sum", terms: ports, into });
    return into;
  }

  /** The gradient of a value that is one row as one row: the sum over all steps, where it is not one. */
  #summed(value: number, gradient: number, steps: BackwardStep[]): number {
    const { values } = this.#draft;
    if (values[value]!.rows !== "one" || values[gradient]!.rows === "one") return gradient;
    const into = this.#place(value, "one");
    this.#gradients.set(value, into);
    steps.push({ kind: "sumRows", from: gradient, into });
    return into;
  }

  /** The readers through which something comes back to a value. */
  #readersOf(value: number): readonly Reader[] {
    return this.#readers.get(value)!.filter(({ step }) => this.#active.has(flowOf(this.#draft, step)!.to));
  }

  /**
   * The gradient that a reader of a value hands back to it.
   *
   * @param room Where it may lie.
   */
  #handBack(
    { step, delay }: Reader,
    value: number,
    steps: BackwardStep[],
    { room, takesShares = false }: { readonly room?: number | undefined; readonly takesShares?: boolean } =
      {},
  ): Port {
    const { products, operators, populations } = this.#draft, flow = flowOf(this.#draft, step)!;
    switch (step.kind) {
      case "matmul":
      case "inputMatmul":
      case "matmulRow": {
        const into = room ?? this.#place(value);
        change(products, step.product, { outputGradient: this.#gradients.get(flow.to)! });
        steps.push({ kind: "matmulBack", product: step.product, into });
        return { value: into, delay: 0 };
      }
      case "weigh": {
        const from = this.#gradients.get(flow.to)!;
        if (takesShares) return { value: from, delay: 0 };
        const into = room ?? this.#place(value);
        steps.push({ kind: "spreadRow", from, into });
        return { value: into, delay: 0 };
      }
      case "operate": {
        const operator = operators[step.operator]!;
        const { rows } = this.#draft.values[operator.output]!;
        const inputGradient = operator.inputGradient ?? room ?? this.#place(value, rows);
        if (operator.inputGradient === undefined) {
          steps.push({ kind: "operateBack", operator: operator.index });
        }
        change(operators, operator.index, { inputGradient, outputGradient: this.#gradients.get(flow.to)! });
        return { value: inputGradient, delay: 0 };
      }
      case "scan":
      case "scanSpikes":
      case "scanRecurrent":
        return { value: populations[step.population]!.inputGradient!, delay: 0 };
      default:
        return { value: this.#gradients.get(flow.to)!, delay: -delay };
    }
  }

  /** Room for the gradient of a value, at every step if nothing else is said. */
  #place(like: number, rows: Value["rows"] = "each step"): number {
    const { values } = this.#draft, { node, shape, units } = values[like]!;
    return values.push({ index: values.length, node, gradientOf: like, shape, units, rows }) - 1;
  }
}

/** Changes some fields of an entry of a draft's list. */
function change<Entry>(entries: Entry[], index: number, changes: Partial<Entry>): void {
  entries[index] = { ...entries[index]!, ...changes };
}

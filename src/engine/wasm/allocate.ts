/** Takes the memory of one thread's kernels once, when the thread starts: it does not grow with batches or epochs. */
import { foldsFeatures, sampleFormOf } from "../../network/encoders.ts";
import { kindOf } from "../../network/neurons.ts";
import { type Passing, passingOf } from "../plan/passes.ts";
import { placeValues } from "../plan/place.ts";
import { readersOf } from "../plan/readers.ts";
import type { OperatorCall, Plan, PopulationPlan, Product, Value } from "../plan/plan.ts";
import {
  type CoreMemory,
  type InputMemory,
  type OperatorMemory,
  type PopulationMemory,
  type ProductMemory,
  type SpikeLists,
  type StageMemory,
  type StepLists,
  type TensorMemory,
  UPDATE_FLOATS,
  type ValueMemory,
} from "./core_memory.ts";
import { LAYER_FIELDS } from "./layer_descriptor.ts";
import { Arena, type Kernels, workspaceOf } from "./kernels.ts";
import {
  layOut,
  MOST_PANEL_UNITS,
  panelsOf,
  panelUnits,
  type ParameterLayout,
  roundUp,
  type TensorPlace,
  widthOf,
} from "./layout.ts";
import { SIDE_BY_SIDE } from "./recurrent_scan.ts";
import { STAGE_SAMPLES } from "./row_stage.ts";
import { OPERATOR_FIELDS } from "./operator_descriptor.ts";

/**
 * The largest share of inputs that are not zero at which they are multiplied one by one, for a product of so many units. Up to
 * here that costs less than the whole product: listing them costs the same for any number of units, and a
 * product of its own about two and a half times as much as among others.
 */
function sparseShare(units: number): number {
  return Math.min(0.4, Math.max(0, (units - 24) / 256));
}

/** Floats of all values up to which none share memory: they stay in the second cache as they are. */
const SMALL = 32_768;

/** The largest share of numbers that are not 0 at which a sequence's events are listed at once. Far below it lists are the fastest way. */
const MOST_EVENTS = 0.25;

/** Samples of a group: their features and a panel of weights stay in the nearest cache. */
const GROUP = 8;

/**
 * Allocates all memory of a thread, and writes its tables: one for each sample that it has at a time, with the same parameters and
 * gradients.
 *
 * @param shards The most gradient shards that a batch is cut into.
 * @param small Floats of all values up to which none share memory.
 * @param meeting Samples of a training batch that the thread has, where they meet in its midst; else 1.
 */
export function allocate(
  kernels: Kernels,
  plan: Plan,
  shards: number,
  small = SMALL,
  meeting = 1,
): readonly [CoreMemory, ...CoreMemory[]] {
  const arena = new Arena(kernels), memory = new Allocation(plan, arena, kernels, small).take(shards);
  const memories: [CoreMemory, ...CoreMemory[]] = [memory];
  for (let i = 1; i < Math.max(meeting, samplesTogether(plan)); i++) {
    memories.push(new Allocation(plan, arena, kernels, small, true, memory).take(shards));
  }
  for (const each of memories) writeTables(kernels, each, plan.spec.steps);
  return memories;
}

/** How many samples' memory a thread has: some go through a step side by side. */
function samplesTogether({ backward }: Plan): number {
  return backward.some(({ kind }) => kind === "scanRecurrentBack") ? SIDE_BY_SIDE : 1;
}

/** Bytes that {@linkcode allocate} takes. */
export function threadBytes(kernels: Kernels, plan: Plan, shards: number, meeting = 1): number {
  let bytes = 0;
  const arena = {
    take(size: number) {
      const at = roundUp(bytes, 64);
      bytes = at + size;
      return at;
    },
  };
  const memory = new Allocation(plan, arena, kernels, SMALL, false).take(shards);
  for (let i = 1; i < Math.max(meeting, samplesTogether(plan)); i++) {
    new Allocation(plan, arena, kernels, SMALL, false, memory).take(shards);
  }
  return bytes;
}

class Allocation {
  readonly #plan: Plan;
  readonly #arena: Pick<Arena, "take">;
  readonly #kernels: Kernels;
  readonly #small: number;
  readonly #first: CoreMemory | undefined;
  /** Tables are written, not only counted. */
  readonly #writes: boolean;
  /** The thread's samples go through a pass one after another, not side by side. */
  readonly #goOneByOne: boolean;
  readonly #passing: Passing;
  readonly #layout: ParameterLayout;
  readonly #tensors: ReadonlyMap<string, TensorPlace>;
  readonly #parameters: number;
  readonly #gradients: number;
  readonly #steps: number;

  /** @param first The memory of the thread's first sample, whose parameters and sums over samples the others share. */
  constructor(
    plan: Plan,
    arena: Pick<Arena, "take">,
    kernels: Kernels,
    small: number,
    writes = true,
    first?: CoreMemory,
  ) {
    this.#first = first;
    this.#small = small;
    this.#plan = plan;
    this.#arena = arena;
    this.#kernels = kernels;
    this.#writes = writes;
    this.#goOneByOne = plan.operators.some(({ batchSums }) => batchSums > 0);
    this.#passing = passingOf(plan);
    this.#layout = layOut(plan);
    this.#tensors = new Map(this.#layout.tensors.map((place) => [place.tensor.name, place]));
    this.#parameters = first?.parameters ?? this.#floats(this.#layout.size);
    this.#gradients = first?.gradients ?? this.#floats(this.#layout.size);
    this.#steps = plan.spec.steps;
  }

  take(shards: number): CoreMemory {
    const { populations, operators, products, values, classes } = this.#plan;
    const widths = values.map(({ index }) => roundUp(widthOf(this.#plan, index), 8));
    const widest = Math.max(...widths), paddedSteps = roundUp(this.#steps, 4);
    const keepsStates = populations.some(({ keepsStates }) => keepsStates);
    const input = this.#input();
    const sizes = this.#sizes(), { values: passing } = this.#passing;
    const kept = placeValues(this.#plan, sizes.map((size, i) => passing.has(i) ? 0 : size), this.#small);
    const common = placeValues(this.#plan, sizes.map((size, i) => passing.has(i) ? size : 0));
    const keptAt = this.#floats(kept.size), commonAt = this.#shared((first) => first.passing, common.size);
    const places = values.map((value, i) =>
      this.#value(
        value,
        input,
        passing.has(i) ? commonAt + 4 * (common.offsets[i] ?? 0) : keptAt + 4 * (kept.offsets[i] ?? 0),
      )
    );
    const zeros = this.#first?.zeros ?? this.#floats(roundUp(widest + 8, 32));
    return {
      ...input,
      layout: this.#layout,
      values: places,
      passing: commonAt,
      sharesValues: kept.isShared || common.size > 0,
      begins: kept.begins.map((values, i) =>
        [...values, ...common.begins[i]!].map((value) => places[value]!)
      ),
      populations: populations.map((population) => this.#population(population, places)),
      products: products.map((product) => this.#product(product, places, zeros)),
      operators: operators.map((operator) => this.#operator(operator, places)),
      sumVectors: this.#vectors(),
      parameters: this.#parameters,
      gradients: this.#gradients,
      logits: this.#floats(roundUp(classes, 8)),
      logProbabilities: this.#floats(roundUp(classes, 8)),
      logitGradients: this.#floats(roundUp(classes, 8)),
      largest: this.#floats(roundUp(classes, 8)),
      rows: this.#shared(({ rows }) => rows, keepsStates ? paddedSteps * widest : 0),
      currentPanels: this.#shared(
        ({ currentPanels }) => currentPanels,
        keepsStates ? paddedSteps * widest : 0,
      ),
      ...this.#columns(),
      ones: this.#first?.ones ?? this.#floats(widest),
      zeros,
      packedZeros: this.#first?.packedZeros ?? this.#floats(widest + 8),
      shares: this.#plan.forward.some(({ kind }) => kind === "weigh") ? this.#floats(paddedSteps) : 0,
      shards: this.#first?.shards ?? this.#floats((shards + 3) * UPDATE_FLOATS),
    };
  }

  #floats(count: number): number {
    return this.#arena.take(4 * count);
  }

  /** Floats that hold nothing from pass to pass: samples that go one after the other share them. No address where none are needed. */
  #shared(of: (first: CoreMemory) => number, count: number): number {
    if (this.#first && this.#goOneByOne) return of(this.#first);
    return count > 0 ? this.#floats(count) : 0;
  }

  /**
   * Floats of rows of every step. Around those that products read or write, or loops, one of zeros lies before them; whole blocks of four steps, and
   * one step of delay more, behind the last. Behind others lies a vector.
   */
  #rowsSize(width: number, hasRoom: boolean): number {
    return hasRoom ? (roundUp(this.#steps, 4) + 6) * width : this.#steps * width + 4;
  }

  /**
   * Rows of a population, of which kernels also read the one before the first.
   *
   * @param of The same of the first sample: where the population is scanned forward and back in one pass, all have it.
   */
  #rows({ index, width }: { index: number; width: number }, of: (first: PopulationMemory) => number): number {
    const first = this.#passing.populations.has(index) ? this.#first?.populations[index] : undefined;
    return first ? of(first) : this.#floats((this.#steps + 1) * width) + 4 * width;
  }

  /** See {@linkcode Allocation.#rowsSize}. */
  #hasRoom({ index, gradientOf }: Value): boolean {
    const { products, populations, forward } = this.#plan, values = [index, gradientOf];
    const isLooped = forward.some(({ kind }) => kind === "loop" || kind === "scanRecurrent");
    const isUnpacked = forward.some((step) => step.kind === "unpack" && step.into === index);
    const isMultiplied = products.some(({ input, output, outputGradient }) =>
      values.includes(input.value) || values.includes(output) || outputGradient === index
    );
    return isLooped || isUnpacked || isMultiplied ||
      populations.some(({ input, keepsStates }) => !keepsStates && values.includes(input));
  }

  /** Floats of each value that takes its memory from others. */
  #sizes(): readonly number[] {
    const plan = this.#plan;
    return plan.values.map((value) => {
      const width = widthOf(plan, value.index);
      // One row is small, and one that is made for a whole group stays while its other samples are presented.
      if (value.rows !== "each step" || value.index === plan.input || this.#isListed(value)) return 0;
      return roundUp(
        this.#isInPanels(value)
          ? roundUp(this.#steps, 4) * width
          : this.#rowsSize(width, this.#hasRoom(value)),
        16,
      );
    });
  }

  /** Outputs of which there are lists or sums of spikes alone. */
  #isListed({ index }: Value): boolean {
    const population = this.#plan.populations.find(({ output }) => output === index);
    return population !== undefined && !(population.keepsStates && this.#readsOf(population).readsOutputs);
  }

  /** Currents that a product leaves in panels, for a scan of spikes alone. */
  #isInPanels({ index }: Value): boolean {
    const { products, populations, isExternal } = this.#plan;
    return !isExternal &&
      products.some(({ output, weightsBy }) => output === index && weightsBy === "unit") &&
      populations.some(({ input, keepsStates }) => input === index && !keepsStates);
  }

  #value(value: Value, { features, group }: InputMemory, at: number): ValueMemory {
    const width = widthOf(this.#plan, value.index);
    const isOne = value.rows !== "each step", groupWidth = this.#groupWidth(value);
    const hasRoom = this.#hasRoom(value);
    const place = (at: number, stride = 0, isInPanels = false) => ({
      value,
      hasRoom,
      width,
      at,
      stride,
      groupStride: 4 * groupWidth,
      isInPanels,
    });
    if (value.index === this.#plan.input) return place(isOne ? features : 0);
    if (this.#isListed(value)) return place(0);
    if (isOne) {
      const isPassing = this.#passing.values.has(value.index);
      const first = isPassing ? this.#first?.values[value.index] : undefined;
      return place(first?.at ?? this.#floats(groupWidth === 0 ? width : group * groupWidth));
    }
    return this.#isInPanels(value) ? place(at, 32, true) : place(hasRoom ? at + 4 * width : at, 4 * width);
  }

  /** Floats from sample to sample of a group, of one row that is made for all of its samples: of a value that the inputs are, or a product makes of them. */
  #groupWidth({ index, rows }: Value): number {
    const { products, forward, input } = this.#plan;
    if (rows !== "one") return 0;
    const product = products.find(({ output }) => output === index), width = widthOf(this.#plan, index);
    if (product) return product.weightsBy === "panel" ? panelUnits(product) : width;
    return index === input || forward.some((step) => step.kind === "unpack" && step.into === index)
      ? width
      : 0;
  }

  #tensor(name: string): TensorMemory {
    const { at } = this.#tensors.get(name)!;
    return { at: this.#parameters + 4 * at, gradientAt: this.#gradients + 4 * at };
  }

  #product(product: Product, places: readonly ValueMemory[], zeros: number): ProductMemory {
    const { weight, bias, inputs, input, output, outputGradient, weightsBy } = product;
    const { width } = places[output]!, from = places[input.value]!, fanIn = roundUp(inputs, 8);
    const isByInput = weightsBy === "input", isInput = input.value === this.#plan.input;
    const shared = (of: (product: ProductMemory) => number, count: number) =>
      this.#shared(({ products }) => of(products[product.index]!), count);
    const goesBack = this.#plan.backward.some((step) =>
      (step.kind === "matmulBack" || step.kind === "scanRecurrentBack") && step.product === product.index
    );
    const { panels, width: panelWidth } = panelsOf(product.units);
    return {
      product,
      panel: weightsBy === "panel"
        ? { panels, width: panelWidth, stride: from.width * panelWidth }
        : { panels: 0, width: 0, stride: 0 },
      input: from,
      output: places[output]!,
      gradient: outputGradient === undefined ? undefined : places[outputGradient]!,
      weights: this.#tensor(weight),
      bias: bias === undefined
        ? { at: zeros, gradientAt: this.#floats(roundUp(width, 32)) }
        : this.#tensor(bias),
      panels: shared(
        ({ panels }) => panels,
        isByInput && (isInput || from.at !== 0) ? fanIn * roundUp(width, 8) : 0,
      ),
      unitsInUse: shared(({ unitsInUse }) => unitsInUse, isByInput && goesBack ? width : 0),
      panelsBack: shared(({ panelsBack }) => panelsBack, isByInput && goesBack ? fanIn * width : 0),
      packed: shared(({ packed }) => packed, 2),
      unit: goesBack && isByInput
        ? this.#floats(fanIn)
        : weightsBy === "unit"
        ? this.#floats(roundUp(product.units, 8))
        : 0,
      list: isByInput ? this.#floats(2 * from.width) : 0,
      sums: isInput ? this.#floats(roundUp(width, 8)) : 0,
    };
  }

  #operator(operator: OperatorCall, places: readonly ValueMemory[]): OperatorMemory {
    const { tensors, geometry, settings, batchSums, kernel, input, output, inputGradient, outputGradient } =
      operator;
    const words = workspaceOf(this.#kernels, kernel, geometry),
      first = this.#first?.operators[operator.index];
    const workspace = first?.workspace ?? (words > 0 ? this.#floats(words) : 0);
    const sums = first?.sums ?? (batchSums > 0 ? this.#floats(2 * batchSums) : 0);
    const settingsAt = this.#floats(settings.length);
    if (this.#writes) new Float32Array(this.#kernels.memory.buffer).set(settings, settingsAt >> 2);
    const addresses = tensors.map((name) => this.#tensor(name));
    const descriptor = this.#arena.take(4 * OPERATOR_FIELDS.length);
    const tables = [addresses.map(({ at }) => at), addresses.map(({ gradientAt }) => gradientAt), geometry]
      .map((numbers) => {
        const at = this.#floats(numbers.length);
        if (this.#writes) new Int32Array(this.#kernels.memory.buffer).set(numbers, at >> 2);
        return at;
      });
    const placeOf = (value: number | undefined) =>
      value === undefined ? { at: 0, stride: 0 } : places[value]!;
    const fields = {
      steps: 0,
      inputs: placeOf(input).at,
      inputStride: placeOf(input).stride,
      outputs: placeOf(output).at,
      outputStride: placeOf(output).stride,
      outputGradients: placeOf(outputGradient).at,
      outputGradientStride: placeOf(outputGradient).stride,
      inputGradients: placeOf(inputGradient).at,
      inputGradientStride: placeOf(inputGradient).stride,
      tensors: tables[0]!,
      gradients: tables[1]!,
      geometry: tables[2]!,
      settings: settingsAt,
      workspace,
      sums,
      isTraining: 0,
      key0: 0,
      key1: 0,
    };
    if (this.#writes) {
      const words = new Int32Array(this.#kernels.memory.buffer);
      OPERATOR_FIELDS.forEach((field, i) => words[(descriptor >> 2) + i] = fields[field]);
    }
    return {
      operator,
      descriptor,
      input: places[input]!,
      isRow: this.#plan.values[output]!.rows === "one",
      workspace,
      sums,
    };
  }

  #population(population: PopulationPlan, places: readonly ValueMemory[]): PopulationMemory {
    const { input, output, keepsStates, isSpiking, firesMany, units, neuron, learned, constants } =
      population;
    const currents = places[input]!,
      { width } = currents,
      steps = this.#steps,
      paddedSteps = roundUp(steps, 4);
    const slots = roundUp(units + 1, 8), isLong = steps > this.#kernels.mostPlain();
    const isRecurrent = this.#plan.forward.some((step) =>
      step.kind === "scanRecurrent" && step.population === population.index
    );
    const gradient = (value: number | undefined) => value === undefined ? undefined : places[value]!;
    const { readsOutputs, readsPotentials } = this.#readsOf(population);
    const rows = (of: (first: PopulationMemory) => number) =>
      this.#rows({ index: population.index, width }, of);
    // An integrator hands its potential on.
    const outputs = readsOutputs ? places[output]!.at : 0;
    const potentials = !isSpiking
      ? outputs
      : keepsStates && readsPotentials
      ? rows(({ potentials }) => potentials)
      : 0;
    const known = this.#first?.populations[population.index];
    const distances = keepsStates ? rows(({ distances }) => distances) : 0;
    const lists = this.#lists(population, slots);
    const constant = ({ name, tensor }: PopulationPlan["constants"][number]): TensorMemory =>
      tensor === undefined
        ? known?.unitConstants.get(name) ?? { at: keepsStates ? this.#floats(width) : 0, gradientAt: 0 }
        : this.#tensor(tensor);
    return {
      population,
      width,
      currents,
      descriptor: keepsStates ? this.#arena.take(4 * LAYER_FIELDS.length) : 0,
      potentials,
      outputs,
      distances,
      gates: firesMany ? outputs : distances,
      outputGradients: gradient(population.outputGradient),
      stateGradients: gradient(population.stateGradient)?.at ?? 0,
      currentGradients: gradient(population.inputGradient),
      feedback: isRecurrent ? this.#floats(width) : 0,
      state: this.#shared(
        ({ populations }) => populations[population.index]!.state,
        keepsStates ? 4 * width : 0,
      ),
      constantParts: isLong ? this.#floats(learned.length * width) : 0,
      constantTotals: isLong ? this.#floats(2 * learned.length * width) : 0,
      unitConstants: new Map(constants.map((given) => [given.name, constant(given)])),
      constants: this.#floats(kindOf(neuron).constants.length),
      settings: this.#floats(kindOf(neuron).settings(neuron).length),
      unit: this.#floats(slots),
      unitSpikes: known?.unitSpikes ?? this.#floats(slots),
      ...lists,
      spikeCounts: firesMany ? this.#floats(slots) : lists.counts,
      spikeGradients: population.backwardFrom === "spikes" ? this.#floats(slots * steps) : 0,
      powers: this.#floats(paddedSteps),
      powerSums: this.#floats(paddedSteps),
      powerNorms: this.#floats(paddedSteps),
    };
  }

  /** Whether anything reads what neurons with a surrogate have at every step besides u' − θ; other kinds' kernels always write it. */
  #readsOf({ index, output, neuron, learned, firesMany }: PopulationPlan) {
    const { forward, recordStates, top } = this.#plan, kind = kindOf(neuron);
    const isWeighed = forward.some((step) => step.kind === "weigh" && step.population === index);
    const readers = readersOf(this.#plan).get(output)!.length;
    const isAlways = !kind.hasSurrogate || recordStates || index === top ||
      forward.some((step) => step.kind === "scanRecurrent" && step.population === index);
    return {
      readsOutputs: isAlways || firesMany || !isWeighed || readers > 1,
      readsPotentials: isAlways || learned.some(({ name }) => name === "decay"),
    };
  }

  #vectors(): ReadonlyMap<number, number> {
    const sums = this.#plan.forward.flatMap((step) => step.kind === "loop" ? step.body : [step]);
    return new Map(sums.flatMap((step) => {
      if (step.kind !== "sum" || !step.vector || "tensor" in step.vector) return [];
      const at = this.#floats(widthOf(this.#plan, step.into)), { units } = this.#plan.values[step.into]!;
      if (this.#writes) {
        new Float32Array(this.#kernels.memory.buffer).fill(step.vector.value, at >> 2, (at >> 2) + units);
      }
      return [[step.into, at]];
    }));
  }

  #lists({ index, keepsStates }: PopulationPlan, slots: number): SpikeLists {
    const first = this.#passing.populations.has(index) ? this.#first?.populations[index] : undefined;
    const isListed = this.#plan.forward.some((step) =>
      (step.kind === "list" || step.kind === "scanSpikes" || step.kind === "scanRecurrent") &&
      step.population === index
    );
    const room = isListed ? slots * this.#steps : 0;
    if (first) {
      const { spikeSteps, spikeOutputs, stepCounts, stepUnits, stepOutputs } = first;
      return { counts: this.#floats(slots), spikeSteps, spikeOutputs, stepCounts, stepUnits, stepOutputs };
    }
    return {
      counts: this.#floats(slots),
      spikeSteps: this.#floats(room),
      spikeOutputs: this.#floats(room),
      ...(isListed && keepsStates ? this.#stepLists(slots) : { stepCounts: 0, stepUnits: 0, stepOutputs: 0 }),
    };
  }

  #stepLists(units: number): StepLists {
    const steps = this.#steps;
    return {
      stepCounts: this.#floats(steps),
      stepUnits: this.#floats(units * steps),
      stepOutputs: this.#floats(units * steps),
    };
  }

  /** Lists by unit of the products whose weights' gradient may come from spikes: of the largest one. */
  #columns(): Pick<CoreMemory, "sampleTable" | "columnStarts" | "columns" | "columnCapacity"> {
    const { backward, products } = this.#plan;
    const inputs = Math.max(
      0,
      ...backward.flatMap((step) =>
        (step.kind === "weightGradient" || step.kind === "scanRecurrentBack") &&
          products[step.product]!.weightsBy === "input"
          ? [widthOf(this.#plan, products[step.product]!.input.value)]
          : []
      ),
    );
    const together = samplesTogether(this.#plan), columnCapacity = together * inputs * this.#steps;
    if (this.#first) {
      const { sampleTable, columnStarts, columns } = this.#first;
      return { sampleTable, columnStarts, columns, columnCapacity };
    }
    return {
      sampleTable: this.#floats(6 * together),
      columnStarts: this.#floats(inputs + 4),
      columns: this.#floats(2 * columnCapacity),
      columnCapacity,
    };
  }

  /** Room of the stage of rows. @param units Of the widest row; 0: there is no such stage. */
  #stage(inputs: number, units: number): StageMemory {
    const samples = units > 0 ? STAGE_SAMPLES : 0;
    return {
      lists: this.#floats(2 * samples * inputs),
      counts: this.#floats(samples),
      inputs: this.#floats(samples * inputs),
      tiles: this.#floats(samples * inputs),
      rows: this.#floats(samples * units),
      panel: this.#floats(samples * MOST_PANEL_UNITS),
      starts: this.#floats(inputs + 4),
      columns: this.#floats(2 * samples * inputs),
    };
  }

  #input(): InputMemory {
    const plan = this.#plan, { spec: { input: { encoder } }, isExternal, forward, products } = plan;
    const inputs = widthOf(plan, plan.input), paddedSteps = roundUp(this.#steps, 4);
    const varies = encoder.kind !== "constant" && !isExternal;
    const packed = products.find(({ index }) =>
      forward.some((step) => step.kind === "inputMatmul" && step.product === index)
    );
    const width = packed && !isExternal ? widthOf(plan, packed.output) : 0;
    const rows = products.filter(({ weightsBy }) => weightsBy === "panel").map(panelUnits);
    const hasRows = rows.length > 0;
    const group =
      samplesTogether(plan) === 1 && forward.some(({ kind }) => kind === "matmulRow") && !isExternal
        ? GROUP
        : 1;
    const form = sampleFormOf(plan.spec), isFolded = foldsFeatures(encoder) || isExternal;
    // Where weights lie by input, inputs are listed otherwise.
    const listed = isFolded || !packed ? 0 : sparseShare(packed.units);
    // Where nothing reads inputs that are 0, a sequence's events become lists at once.
    const listsAlone = encoder.kind === "direct" && form.channels <= 65_536 &&
      forward.some(({ kind }) => kind === "listInputs") && forward.every(({ kind }) => kind !== "unpack");
    const eventCapacity = listsAlone ? Math.floor(MOST_EVENTS * this.#steps * form.channels) : 0;
    const inputCapacity = Math.floor(listed * this.#steps * inputs);
    return {
      group,
      features: this.#floats((hasRows ? roundUp(group, 4) : group) * inputs),
      bytes: this.#floats(roundUp(form.channels, 4) / 4),
      pixels: this.#floats(256),
      sequence: isFolded ? 0 : this.#floats((form.isSequence ? paddedSteps : 1) * roundUp(form.channels, 4)),
      levels: encoder.kind === "latency" ? this.#floats(4 + paddedSteps) : 0,
      inputCounts: isFolded ? 0 : this.#floats(paddedSteps),
      inputEntries: isFolded ? 0 : this.#floats(2 * (inputCapacity + paddedSteps)),
      inputCapacity,
      x: varies ? this.#floats(paddedSteps * inputs) : 0,
      panels: this.#floats(width * inputs),
      packedBias: this.#floats(width),
      scales: this.#floats(width),
      factors: this.#floats(width),
      stepSums: varies ? this.#floats(paddedSteps) : 0,
      inputLists: forward.some(({ kind }) => kind === "listInputs") ? this.#stepLists(inputs) : undefined,
      eventEnds: eventCapacity > 0 ? this.#floats(this.#steps) : 0,
      eventChannels: this.#floats(Math.ceil(eventCapacity / 2)),
      eventValues: this.#floats(eventCapacity),
      eventCapacity,
      rowLists: hasRows ? this.#floats(group * 2 * inputs + 4) : 0,
      rowCounts: this.#floats(group),
      rowTiles: hasRows ? this.#floats(roundUp(group, 4) * inputs) : 0,
      stage: this.#first?.stage ?? this.#stage(inputs, Math.max(0, ...rows)),
      scratch: varies ? this.#floats(paddedSteps * 48) : 0,
    };
  }
}

/** Writes the unit of each slot (selection overwrites it), the powers of decays, and ones. */
function writeTables(
  kernels: Kernels,
  { populations, products, values, ones }: CoreMemory,
  steps: number,
): void {
  const floats = new Float32Array(kernels.memory.buffer), integers = new Int32Array(kernels.memory.buffer);
  for (const { product: { inputs, units, weightsBy }, unit } of products) {
    const rows = weightsBy === "input" ? inputs : units;
    for (let slot = 0; unit !== 0 && slot < roundUp(rows, 8); slot++) {
      integers[(unit >> 2) + slot] = Math.min(slot, rows); // past the last one: the row of zeros
    }
  }
  for (const { population: { units, neuron }, unit, powers, powerSums, powerNorms } of populations) {
    for (let slot = 0; slot < roundUp(units, 8); slot++) {
      integers[(unit >> 2) + slot] = Math.min(slot, units); // past the last unit: the row of zeros
    }
    const decay = Math.fround(neuron.decay); // as the kernels have it
    let power = 1, sum = 0, squares = 0;
    for (let step = 0; step < roundUp(steps, 4); step++) {
      if (step < steps) {
        sum = Math.fround(sum + power);
        squares += power * power;
      }
      floats[(powers >> 2) + step] = power;
      floats[(powerSums >> 2) + step] = sum;
      floats[(powerNorms >> 2) + step] = Math.sqrt(squares);
      power = Math.fround(power * decay);
    }
  }
  const widest = Math.max(...values.map(({ width }) => width));
  floats.fill(1, ones >> 2, (ones >> 2) + widest);
}

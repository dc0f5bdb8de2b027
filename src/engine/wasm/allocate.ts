/** Takes the memory of one thread's kernels once, when the thread starts: it does not grow with batches or epochs. */
import { foldsFeatures, sampleFormOf } from "../../network/encoders.ts";
import { kindOf } from "../../network/neurons.ts";
import { type Placement, placeValues } from "../plan/place.ts";
import type { OperatorCall, Plan, PopulationPlan, Product, Value } from "../plan/plan.ts";
import {
  type CoreMemory,
  type InputMemory,
  type OperatorMemory,
  type PopulationMemory,
  type ProductMemory,
  type SpikeLists,
  type TensorMemory,
  UPDATE_FLOATS,
  type ValueMemory,
} from "./core_memory.ts";
import { LAYER_FIELDS } from "./layer_descriptor.ts";
import { Arena, type Kernels } from "./kernels.ts";
import { layOut, type ParameterLayout, roundUp, type TensorPlace, widthOf } from "./layout.ts";
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

/** Samples of a group: their features and four rows of weights stay in the nearest cache. */
const GROUP = 8;

/**
 * Allocates all memory of a thread, and writes its tables.
 *
 * @param shards The most gradient shards that a batch is cut into.
 * @param small Floats of all values up to which none share memory.
 */
export function allocate(kernels: Kernels, plan: Plan, shards: number, small = SMALL): CoreMemory {
  const memory = new Allocation(plan, new Arena(kernels), kernels, small).take(shards);
  writeTables(kernels, memory, plan.spec.steps);
  return memory;
}

/** Bytes that {@linkcode allocate} takes. */
export function threadBytes(kernels: Kernels, plan: Plan, shards: number): number {
  let bytes = 0;
  const arena = {
    take(size: number) {
      const at = roundUp(bytes, 64);
      bytes = at + size;
      return at;
    },
  };
  new Allocation(plan, arena, kernels, SMALL, false).take(shards);
  return bytes;
}

class Allocation {
  readonly #plan: Plan;
  readonly #arena: Pick<Arena, "take">;
  readonly #kernels: Kernels;
  readonly #small: number;
  /** Tables are written, not only counted. */
  readonly #writes: boolean;
  readonly #layout: ParameterLayout;
  readonly #tensors: ReadonlyMap<string, TensorPlace>;
  readonly #parameters: number;
  readonly #gradients: number;
  readonly #steps: number;

  constructor(plan: Plan, arena: Pick<Arena, "take">, kernels: Kernels, small: number, writes = true) {
    this.#small = small;
    this.#plan = plan;
    this.#arena = arena;
    this.#kernels = kernels;
    this.#writes = writes;
    this.#layout = layOut(plan);
    this.#tensors = new Map(this.#layout.tensors.map((place) => [place.tensor.name, place]));
    this.#parameters = this.#floats(this.#layout.size);
    this.#gradients = this.#floats(this.#layout.size);
    this.#steps = plan.spec.steps;
  }

  take(shards: number): CoreMemory {
    const { populations, operators, products, values, classes } = this.#plan;
    const widths = values.map(({ index }) => roundUp(widthOf(this.#plan, index), 8));
    const widest = Math.max(...widths), paddedSteps = roundUp(this.#steps, 4);
    const keepsStates = populations.some(({ keepsStates }) => keepsStates);
    const input = this.#input();
    const { offsets, size, isShared, begins } = this.#placement();
    const shared = this.#floats(size);
    const places = values.map((value) => this.#value(value, input, shared + 4 * (offsets[value.index] ?? 0)));
    const zeros = this.#floats(widest + 8);
    return {
      ...input,
      layout: this.#layout,
      values: places,
      sharesValues: isShared,
      begins: begins.map((values) => values.map((value) => places[value]!)),
      populations: populations.map((population) => this.#population(population, places)),
      products: products.map((product) => this.#product(product, places, zeros, input.group)),
      operators: operators.map((operator) => this.#operator(operator, places)),
      sumVectors: this.#vectors(),
      parameters: this.#parameters,
      gradients: this.#gradients,
      logits: this.#floats(roundUp(classes, 8)),
      logProbabilities: this.#floats(roundUp(classes, 8)),
      logitGradients: this.#floats(roundUp(classes, 8)),
      largest: this.#floats(roundUp(classes, 8)),
      rows: keepsStates ? this.#floats(paddedSteps * widest) : 0,
      currentPanels: keepsStates ? this.#floats(paddedSteps * widest) : 0,
      ones: this.#floats(widest),
      zeros,
      packedZeros: this.#floats(widest + 8),
      shards: this.#floats((shards + 3) * UPDATE_FLOATS),
    };
  }

  #floats(count: number): number {
    return this.#arena.take(4 * count);
  }

  /** Floats of rows of every step: one of zeros before them; whole blocks of four steps, and one step of delay more, behind the last. */
  #rowsSize(width: number): number {
    return (roundUp(this.#steps, 4) + 6) * width;
  }

  #rows(width: number): number {
    return this.#floats(this.#rowsSize(width)) + 4 * width;
  }

  /** Values share memory where their uses allow it. */
  #placement(): Placement {
    const plan = this.#plan;
    const sizes = plan.values.map((value) => {
      const width = widthOf(plan, value.index);
      // One row of each sample of a group stays while the others are presented.
      if (value.rows === "one" || value.index === plan.input || this.#isListed(value)) return 0;
      return roundUp(this.#isInPanels(value) ? roundUp(this.#steps, 4) * width : this.#rowsSize(width), 16);
    });
    return placeValues(plan, sizes, this.#small);
  }

  /** Outputs of which there are lists of spikes alone. */
  #isListed({ index }: Value): boolean {
    return this.#plan.populations.some(({ output, keepsStates }) => output === index && !keepsStates);
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
    const isOne = value.rows === "one";
    const place = (at: number, stride = 0, isInPanels = false) => ({
      value,
      width,
      at,
      stride,
      groupStride: isOne ? 4 * width : 0,
      isInPanels,
    });
    if (value.index === this.#plan.input) return place(isOne ? features : 0);
    if (this.#isListed(value)) return place(0);
    if (isOne) return place(this.#floats(group * width));
    return this.#isInPanels(value) ? place(at, 32, true) : place(at + 4 * width, 4 * width);
  }

  #tensor(name: string): TensorMemory {
    const { at } = this.#tensors.get(name)!;
    return { at: this.#parameters + 4 * at, gradientAt: this.#gradients + 4 * at };
  }

  #product(product: Product, places: readonly ValueMemory[], zeros: number, group: number): ProductMemory {
    const { weight, bias, inputs, input, output, outputGradient, weightsBy } = product;
    const { width } = places[output]!, from = places[input.value]!, fanIn = roundUp(inputs, 8);
    const isByInput = weightsBy === "input", isInput = input.value === this.#plan.input;
    const goesBack = this.#plan.backward.some((step) =>
      step.kind === "matmulBack" && step.product === product.index
    );
    return {
      product,
      input: from,
      output: places[output]!,
      gradient: outputGradient === undefined ? undefined : places[outputGradient]!,
      weights: this.#tensor(weight),
      bias: bias === undefined ? { at: zeros, gradientAt: this.#floats(width) } : this.#tensor(bias),
      panels: isByInput && (isInput || from.at !== 0) ? this.#floats(fanIn * roundUp(width, 8)) : 0,
      panelsBack: isByInput && goesBack ? this.#floats(fanIn * width) : 0,
      unit: isByInput ? (goesBack ? this.#floats(fanIn) : 0) : this.#floats(roundUp(product.units, 8)),
      list: isByInput ? this.#floats(2 * from.width) : 0,
      sums: isInput ? this.#floats(group * roundUp(width, 8)) : 0,
      sumStride: 4 * roundUp(width, 8),
    };
  }

  #operator(operator: OperatorCall, places: readonly ValueMemory[]): OperatorMemory {
    const { tensors, geometry, input, output, inputGradient, outputGradient } = operator;
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
    };
    if (this.#writes) {
      const words = new Int32Array(this.#kernels.memory.buffer);
      OPERATOR_FIELDS.forEach((field, i) => words[(descriptor >> 2) + i] = fields[field]);
    }
    return { operator, descriptor };
  }

  #population(population: PopulationPlan, places: readonly ValueMemory[]): PopulationMemory {
    const { input, output, keepsStates, isSpiking, units, neuron, learned, constants } = population;
    const currents = places[input]!,
      { width } = currents,
      steps = this.#steps,
      paddedSteps = roundUp(steps, 4);
    const slots = roundUp(units + 1, 8), isLong = steps > this.#kernels.mostPlain();
    const isRecurrent = this.#plan.forward.some((step) =>
      step.kind === "scanRecurrent" && step.population === population.index
    );
    const gradient = (value: number | undefined) => value === undefined ? 0 : places[value]!.at;
    // An integrator hands its potential on.
    const outputs = places[output]!.at, potentials = keepsStates && isSpiking ? this.#rows(width) : outputs;
    const constant = ({ tensor }: PopulationPlan["constants"][number]): TensorMemory =>
      tensor === undefined
        ? { at: keepsStates ? this.#floats(width) : 0, gradientAt: 0 }
        : this.#tensor(tensor);
    return {
      population,
      width,
      currents,
      descriptor: keepsStates ? this.#arena.take(4 * LAYER_FIELDS.length) : 0,
      potentials,
      outputs,
      distances: keepsStates ? this.#rows(width) : 0,
      outputGradients: gradient(population.outputGradient),
      stateGradients: gradient(population.stateGradient),
      currentGradients: gradient(population.inputGradient),
      feedback: isRecurrent ? this.#floats(width) : 0,
      state: keepsStates ? this.#floats(4 * width) : 0,
      constantParts: isLong ? this.#floats(learned.length * width) : 0,
      constantTotals: isLong ? this.#floats(2 * learned.length * width) : 0,
      unitConstants: new Map(constants.map((given) => [given.name, constant(given)])),
      constants: this.#floats(kindOf(neuron).constants.length),
      settings: this.#floats(kindOf(neuron).settings(neuron).length),
      unit: this.#floats(slots),
      ...this.#lists(slots, keepsStates),
      spikeGradients: this.#floats(slots * steps),
      powers: this.#floats(paddedSteps),
      powerSums: this.#floats(paddedSteps),
      powerNorms: this.#floats(paddedSteps),
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

  #lists(slots: number, byStep: boolean): SpikeLists {
    const steps = this.#steps;
    return {
      counts: this.#floats(slots),
      spikeSteps: this.#floats(slots * steps),
      spikeOutputs: this.#floats(slots * steps),
      stepCounts: byStep ? this.#floats(steps) : 0,
      stepUnits: byStep ? this.#floats(slots * steps) : 0,
      stepOutputs: byStep ? this.#floats(slots * steps) : 0,
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
    const group = forward.some(({ kind }) => kind === "matmulRow") && !isExternal ? GROUP : 1;
    const form = sampleFormOf(plan.spec), isFolded = foldsFeatures(encoder) || isExternal;
    // Where weights lie by input, inputs are listed otherwise.
    const listed = isFolded || !packed ? 0 : sparseShare(packed.units);
    const inputCapacity = Math.floor(listed * this.#steps * inputs);
    return {
      group,
      features: this.#floats(group * inputs),
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
      inputLists: forward.some(({ kind }) => kind === "listInputs") ? this.#lists(inputs, true) : undefined,
      vectors: this.#floats(group * inputs / 4),
      vectorCounts: this.#floats(group),
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

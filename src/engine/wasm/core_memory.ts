/**
 * The memory of one thread's kernels: the parameters, every buffer that a plan needs for one sample, and its tables.
 *
 * All of it is taken once, when the thread starts; it does not grow with batches or epochs.
 *
 * @module
 */
import { foldsFeatures, sampleFormOf } from "../../network/encoders.ts";
import { kindOf } from "../../network/neurons.ts";
import type { OperatorCall, Plan, PopulationPlan, Product, Value } from "../plan/plan.ts";
import { LAYER_FIELDS } from "./layer_descriptor.ts";
import { Arena, type Kernels } from "./kernels.ts";
import { layOut, type ParameterLayout, roundUp, type TensorPlace, widthOf } from "./layout.ts";
import { OPERATOR_FIELDS } from "./operator_descriptor.ts";

/** Where a value lies. A row of zeros lies before its steps, and behind them are rows enough for a product to read four at a time. */
export interface ValueMemory {
  readonly value: Value;
  /** Floats of a row, padding included, which is 0. */
  readonly width: number;
  /** The first step's row; 0 where there are lists of spikes alone. */
  readonly at: number;
  /** Bytes from step to step: 0 where one row holds for all. */
  readonly stride: number;
  /** It lies in panels of 8 units, as a product leaves it, not in rows. */
  readonly isInPanels: boolean;
}

/** Where a tensor and its gradient lie; addresses. */
export interface TensorMemory {
  readonly at: number;
  readonly gradientAt: number;
}

/** Addresses of a product. */
export interface ProductMemory {
  readonly product: Product;
  readonly input: ValueMemory;
  readonly output: ValueMemory;
  /** δy; undefined where it is not computed. */
  readonly gradient: ValueMemory | undefined;
  readonly weights: TensorMemory;
  /** A bias of zeros, and room for its gradient, where the product has none. */
  readonly bias: TensorMemory;
  /** Panels of weights that lie by input, forward (W) and back (Wᵀ); 0 where they are not needed. */
  readonly panels: number;
  readonly panelsBack: number;
  /** Which input each slot of `panelsBack`, or which unit each slot of panels by unit is: all of them, and then the row of zeros behind. */
  readonly unit: number;
  /** For one step: the inputs that are not 0, `[2][inputs]` words. */
  readonly list: number;
  /** One sample's ∂L/∂b of a product of the encoder's inputs, by slot; else 0. */
  readonly sums: number;
}

/** Addresses of an operator. */
export interface OperatorMemory {
  readonly operator: OperatorCall;
  /** See asm/operator.ts. */
  readonly descriptor: number;
}

/** Addresses of a population's buffers; shapes are given in asm/. */
export interface PopulationMemory extends SpikeLists {
  readonly population: PopulationPlan;
  readonly width: number;
  readonly currents: ValueMemory;
  /** What the neurons' kernels read (asm/layer.ts); 0 where the population keeps no states. */
  readonly descriptor: number;
  /** `[steps][width]` where the population keeps its states; else 0. */
  readonly potentials: number;
  readonly outputs: number;
  readonly distances: number;
  readonly outputGradients: number;
  readonly stateGradients: number;
  readonly currentGradients: number;
  /** V·o_{t-1} of one step; 0 where the population's own outputs do not come back within its scan. */
  readonly feedback: number;
  /** What a neuron's kernels remember from step to step, four numbers a unit. */
  readonly state: number;
  /**
   * Parts of the gradients of learned constants f32 `[learned][width]`, and their totals f64 likewise, where sums over many steps are
   * made of parts (asm/long_sums.ts); 0 where they are not.
   */
  readonly constantParts: number;
  readonly constantTotals: number;
  /** Constants that have a value a unit, by name; 0 where the population keeps no states. */
  readonly unitConstants: ReadonlyMap<string, TensorMemory>;
  /** All others, one after another. */
  readonly constants: number;
  /** Which unit a slot is, in the lists by unit; a slot's entries are one a step of the sample. And δo, or c, of each spike. */
  readonly unit: number;
  readonly spikeGradients: number;
  /** For every step s: d^s, Σ_{i ≤ s} d^i, and √Σ_{i ≤ s} d^(2i); padded to whole vectors with the last one's. */
  readonly powers: number;
  readonly powerSums: number;
  readonly powerNorms: number;
}

/** Addresses of spikes that are listed, by unit and by step (asm/spike_lists.ts). */
export interface SpikeLists {
  readonly counts: number;
  readonly spikeSteps: number;
  readonly spikeOutputs: number;
  readonly stepCounts: number;
  readonly stepUnits: number;
  readonly stepOutputs: number;
}

/** The encoder's inputs. */
export interface InputMemory {
  /** x: what is multiplied into the weights, `[inputs]` padded: a sample's features, or ones. */
  readonly features: number;
  /** A sample whose features are not multiplied into the weights, `[rows][channels]` padded: a row, or one for each step. */
  readonly sequence: number;
  /** The latency encoder's: see `encodeLatency`. */
  readonly levels: number;
  /** Inputs that are not zero: how many at each step, their list, and how many it takes at most. */
  readonly inputCounts: number;
  readonly inputEntries: number;
  readonly inputCapacity: number;
  /** Inputs of every step in the product's layout. */
  readonly x: number;
  readonly panels: number;
  readonly packedBias: number;
  /** Of panels in integers: S, 1 / S, and Σ_k v of every step. */
  readonly scales: number;
  readonly factors: number;
  readonly stepSums: number;
  /** Inputs that are not 0, for products whose weights lie by input. */
  readonly inputLists: SpikeLists | undefined;
  /** The vectors of the features that are not all 0. */
  readonly vectors: number;
  readonly scratch: number;
}

/** Addresses of everything. */
export interface CoreMemory extends InputMemory {
  readonly layout: ParameterLayout;
  readonly values: readonly ValueMemory[];
  readonly products: readonly ProductMemory[];
  readonly operators: readonly OperatorMemory[];
  /** One number for all units, as a row, of sums that add one: by the value that they make. */
  readonly sumVectors: ReadonlyMap<number, number>;
  readonly populations: readonly PopulationMemory[];
  readonly parameters: number;
  readonly gradients: number;
  readonly logits: number;
  readonly logProbabilities: number;
  readonly logitGradients: number;
  /** The step of each class's maximum. */
  readonly largest: number;
  /** One product's inputs and results, in the product's layouts; of the largest one. */
  readonly rows: number;
  readonly currentPanels: number;
  /** Ones and zeros, as many as the widest row has numbers, and where a packed copy of the zeros goes. */
  readonly ones: number;
  readonly zeros: number;
  readonly packedZeros: number;
  /** Room for the optimizer: parameters, two moments and gradient shards of a part of the whole. */
  readonly shards: number;
}

/** Floats of the parameters that the optimizer works on at a time: what it needs for 24 shards stays in the second cache. */
export const UPDATE_FLOATS = 8192;

/** Constants that neurons' kernels read with a value a unit, what stands for one that a kind has not, and for padded units, which never fire. */
export const UNIT_CONSTANTS = {
  decay: { absent: 0, padding: 0 },
  threshold: { absent: 0, padding: Infinity },
  scale: { absent: 1, padding: 0 },
} as const;

/**
 * The largest share of inputs that are not zero at which they are multiplied one by one, for a product of so many units. Up to
 * here that costs less than the whole product: listing them costs the same for any number of units, and a
 * product of its own about two and a half times as much as among others.
 */
function sparseShare(units: number): number {
  return Math.min(0.4, Math.max(0, (units - 24) / 256));
}

/**
 * Takes all memory of a thread, and writes its tables.
 *
 * @param shards The most gradient shards that a batch is cut into.
 */
export function allocate(kernels: Kernels, plan: Plan, shards: number): CoreMemory {
  const memory = new Allocation(kernels, plan).take(shards);
  writeTables(kernels, memory, plan.spec.steps);
  return memory;
}

class Allocation {
  readonly #plan: Plan;
  readonly #kernels: Kernels;
  readonly #arena: Arena;
  readonly #layout: ParameterLayout;
  readonly #tensors: ReadonlyMap<string, TensorPlace>;
  readonly #parameters: number;
  readonly #gradients: number;
  readonly #steps: number;

  constructor(kernels: Kernels, plan: Plan) {
    this.#plan = plan;
    this.#kernels = kernels;
    this.#arena = new Arena(kernels);
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
    const places = values.map((value) => this.#value(value, input));
    const zeros = this.#floats(widest + 8);
    return {
      ...input,
      layout: this.#layout,
      values: places,
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

  /** Rows of every step: one of zeros before them; whole blocks of four steps, and one step of delay more, behind the last. */
  #rows(width: number): number {
    return this.#floats((roundUp(this.#steps, 4) + 6) * width) + 4 * width;
  }

  #value(value: Value, { features }: InputMemory): ValueMemory {
    const { populations, products, isExternal, input } = this.#plan;
    const { index } = value, width = widthOf(this.#plan, index);
    const place = (at: number, stride = 0, isInPanels = false) => ({ value, width, at, stride, isInPanels });
    if (index === input) return place(value.rows === "one" ? features : 0);
    if (value.rows === "one") return place(this.#floats(width));
    const maker = populations.find(({ output }) => output === index);
    if (maker && !maker.keepsStates) return place(0);
    const product = products.find(({ output, weightsBy }) => output === index && weightsBy === "unit");
    const inPanels = product && !isExternal &&
      populations.some((population) => population.input === index && !population.keepsStates);
    if (inPanels) return place(this.#floats(roundUp(this.#steps, 4) * width), 32, true);
    return place(this.#rows(width), 4 * width);
  }

  #tensor(name: string): TensorMemory {
    const { at } = this.#tensors.get(name)!;
    return { at: this.#parameters + 4 * at, gradientAt: this.#gradients + 4 * at };
  }

  #product(product: Product, places: readonly ValueMemory[], zeros: number): ProductMemory {
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
      sums: isInput ? this.#floats(roundUp(width, 8)) : 0,
    };
  }

  #operator(operator: OperatorCall, places: readonly ValueMemory[]): OperatorMemory {
    const { tensors, geometry, input, output, inputGradient, outputGradient } = operator;
    const addresses = tensors.map((name) => this.#tensor(name));
    const descriptor = this.#arena.take(4 * OPERATOR_FIELDS.length);
    const tables = [addresses.map(({ at }) => at), addresses.map(({ gradientAt }) => gradientAt), geometry]
      .map((numbers) => {
        const at = this.#floats(numbers.length);
        new Int32Array(this.#kernels.memory.buffer).set(numbers, at >> 2);
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
    const words = new Int32Array(this.#kernels.memory.buffer);
    OPERATOR_FIELDS.forEach((field, i) => words[(descriptor >> 2) + i] = fields[field]);
    return { operator, descriptor };
  }

  #population(population: PopulationPlan, places: readonly ValueMemory[]): PopulationMemory {
    const { input, output, keepsStates, isSpiking, units, neuron, learned, fixed } = population;
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
    const given = new Map([...learned, ...fixed].map(({ name, tensor }) => [name as string, tensor]));
    const constant = (name: string): TensorMemory => {
      const tensor = given.get(name);
      return tensor === undefined
        ? { at: keepsStates ? this.#floats(width) : 0, gradientAt: 0 }
        : this.#tensor(tensor);
    };
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
      unitConstants: new Map(Object.keys(UNIT_CONSTANTS).map((name) => [name, constant(name)])),
      constants: this.#floats(kindOf(neuron).constants(neuron).length),
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
      new Float32Array(this.#kernels.memory.buffer).fill(step.vector.value, at >> 2, (at >> 2) + units);
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
    const form = sampleFormOf(plan.spec), isFolded = foldsFeatures(encoder) || isExternal;
    // Where weights lie by input, inputs are listed otherwise.
    const listed = isFolded || !packed ? 0 : sparseShare(packed.units);
    const inputCapacity = Math.floor(listed * this.#steps * inputs);
    return {
      features: this.#floats(inputs),
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
      vectors: this.#floats(inputs / 4 + 1),
      scratch: varies ? this.#floats(paddedSteps * 48) : 0,
    };
  }
}

/** Which unit each slot is, unless units are selected; the powers of decays; ones. */
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

/**
 * The memory of one thread's kernels: the parameters, every buffer that a plan needs for one sample, and its tables.
 *
 * All of it is allocated once, when the thread starts; it does not grow with batches or epochs.
 *
 * @module
 */
import { foldsFeatures, sampleFormOf } from "../../network/encoders.ts";
import { kindOf, type Trainable } from "../../network/neurons.ts";
import type { Plan } from "../plan.ts";
import { LAYER_FIELDS } from "./layer_descriptor.ts";
import { Arena, type Kernels } from "./kernels.ts";
import { type LayerLayout, layOut, type ParameterLayout, roundUp } from "./layout.ts";

/** Addresses of one layer's buffers; shapes are given in asm/. */
export interface LayerMemory extends LayerLayout, SpikeLists {
  readonly weightsAt: number;
  readonly biasAt: number;
  readonly weightGradientsAt: number;
  readonly biasGradientsAt: number;
  /** V and its gradient; 0 where the layer is not recurrent. */
  readonly recurrentAt: number;
  readonly recurrentGradientsAt: number;
  /** Currents, and bytes from step to step (0: the same at every step): rows, or panels where the layer keeps no states. */
  readonly currents: number;
  readonly currentStride: number;
  /** The descriptor that the neurons' kernels read (asm/layer.ts); 0 where the layer keeps no states. */
  readonly descriptor: number;
  /**
   * `[steps][width]` where the layer keeps its states; else 0. A row of zeros lies before the outputs. Behind the steps lie rows
   * enough for a product to read four at a time; those of δI stay 0.
   */
  readonly potentials: number;
  readonly outputs: number;
  readonly distances: number;
  readonly outputGradients: number;
  readonly stateGradients: number;
  readonly currentGradients: number;
  /** V·o_{t-1} of one step, and behind it room for the list of its spikes. */
  readonly feedback: number;
  /** The neurons' state from step to step, four numbers a unit. */
  readonly state: number;
  /**
   * Parts of the gradients of learned constants f32 `[learned][width]`, and their totals f64 likewise, where sums over many steps are
   * made of parts (asm/long_sums.ts); else 0.
   */
  readonly constantParts: number;
  readonly constantTotals: number;
  /** The neuron's constants: the trainable ones, a value a unit, and all others one after another. */
  readonly unitConstants: Readonly<Record<Trainable, number>>;
  readonly constants: number;
  /** The unit of each slot of the lists by unit; a slot has one entry for each step of the sample. */
  readonly unit: number;
  /** δo, or c, of each spike. */
  readonly spikeGradients: number;
  /** For every step s: d^s, Σ_{i ≤ s} d^i, and √Σ_{i ≤ s} d^(2i); padded to whole vectors with the last one's. */
  readonly powers: number;
  readonly powerSums: number;
  readonly powerNorms: number;
  /** Panels of weights that lie by input, forward (W) and back (Wᵀ); 0 where they are not needed. */
  readonly panels: number;
  readonly panelsBack: number;
}

/** Addresses of lists of spikes, by unit and by step (asm/spike_lists.ts). */
export interface SpikeLists {
  readonly counts: number;
  readonly spikeSteps: number;
  readonly spikeOutputs: number;
  readonly stepCounts: number;
  readonly stepUnits: number;
  readonly stepOutputs: number;
}

/** Addresses of all buffers. */
export interface CoreMemory {
  readonly layout: ParameterLayout;
  readonly layers: readonly LayerMemory[];
  readonly parameters: number;
  readonly gradients: number;
  /** x, the factors of the weights, `[inputs]` padded: a sample's features, or ones. */
  readonly features: number;
  /** A sample whose features are not multiplied into the weights, `[rows][channels]` padded: one row, or one for each step. */
  readonly sequence: number;
  /** The latency encoder's levels; see `encodeLatency`. */
  readonly levels: number;
  /** Inputs that are not zero: their number at each step, their list, and its capacity. */
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
  readonly logits: number;
  readonly logProbabilities: number;
  readonly logitGradients: number;
  /** The step of each class's maximum. */
  readonly largest: number;
  /** One sample's ∂L/∂b of the bottom layer, by slot. */
  readonly sums: number;
  /** Inputs that are not 0, for a lowest layer whose weights lie by input. */
  readonly inputLists: SpikeLists | undefined;
  /** The vectors of the features that are not all 0. */
  readonly vectors: number;
  /** One product's inputs and results, in the product's layouts; of the largest layer. */
  readonly rows: number;
  readonly currentPanels: number;
  /** Ones and zeros, as many as the widest row has numbers, and room for a packed copy of the zeros. */
  readonly ones: number;
  readonly zeros: number;
  readonly packedZeros: number;
  readonly scratch: number;
  /** Room for the optimizer: parameters, two moments and gradient shards of a part of the whole. */
  readonly shards: number;
}

/** Parameters that the optimizer updates at a time: their data for 24 shards fit the second cache. */
export const UPDATE_FLOATS = 8192;

/**
 * The largest share of inputs that are not zero at which multiplying them one by one costs less than the whole product. Listing
 * them costs the same for any number of units, and a single product about two and a half times as much as one of many.
 */
function sparseShare(units: number): number {
  return Math.min(0.4, Math.max(0, (units - 24) / 256));
}

/**
 * Allocates all memory of a thread, and writes its tables.
 *
 * @param shards The most gradient shards that a batch is cut into.
 * @param isExternal The lowest layer's product is computed outside of the core, which needs room for the currents alone.
 */
export function allocate(kernels: Kernels, plan: Plan, shards: number, isExternal: boolean): CoreMemory {
  const arena = new Arena(kernels);
  const floats = (n: number) => arena.take(4 * n);
  const { steps } = plan.spec;
  const paddedSteps = roundUp(steps, 4);
  const isLong = steps > kernels.mostPlain();
  const layout = layOut(plan, isExternal);
  const lists = (slots: number, byStep: boolean): SpikeLists => ({
    counts: floats(slots),
    spikeSteps: floats(slots * steps),
    spikeOutputs: floats(slots * steps),
    stepCounts: byStep ? floats(steps) : 0,
    stepUnits: byStep ? floats(slots * steps) : 0,
    stepOutputs: byStep ? floats(slots * steps) : 0,
  });
  const parameters = floats(layout.size);
  const gradients = floats(layout.size);

  const top = layout.layers.length - 1;
  const layers = layout.layers.map((place): LayerMemory => {
    const { layer, width, byInput } = place;
    const { keepsStates, source } = layer;
    // A row before the first step, for a delay; whole blocks of four steps, and one step of delay more, behind the last.
    const rows = () => keepsStates ? floats((paddedSteps + 6) * width) + 4 * width : 0;
    const slots = roundUp(layer.units + 1, 8);
    const fanIn = roundUp(layer.inputs, 8);
    const below = layout.layers[layer.index - 1]?.layer;
    const stride = source === "constant"
      ? 0
      : source === "inputs" && !keepsStates && !isExternal
      ? 32
      : 4 * width;
    const potentials = rows();
    const constant = (name: Trainable) => {
      const learned = place.learned.get(name);
      return learned === undefined ? (keepsStates ? floats(width) : 0) : parameters + 4 * learned;
    };
    return {
      ...place,
      weightsAt: parameters + 4 * place.weights,
      biasAt: parameters + 4 * place.bias,
      weightGradientsAt: gradients + 4 * place.weights,
      biasGradientsAt: gradients + 4 * place.bias,
      recurrentAt: place.recurrent === undefined ? 0 : parameters + 4 * place.recurrent,
      recurrentGradientsAt: place.recurrent === undefined ? 0 : gradients + 4 * place.recurrent,
      currents: floats(source === "constant" ? width : paddedSteps * width),
      currentStride: stride,
      descriptor: keepsStates ? arena.take(4 * LAYER_FIELDS.length) : 0,
      potentials,
      outputs: kindOf(layer.neuron).isSpiking ? rows() : potentials,
      distances: rows(),
      outputGradients: rows(),
      stateGradients: layer.index === top && plan.readout.from === "state" ? rows() : 0,
      currentGradients: rows(),
      feedback: layer.recurrent ? floats(3 * width) : 0,
      state: keepsStates ? floats(4 * width) : 0,
      constantParts: isLong ? floats(place.learned.size * width) : 0,
      constantTotals: isLong ? floats(2 * place.learned.size * width) : 0,
      unitConstants: { decay: constant("decay"), threshold: constant("threshold"), scale: constant("scale") },
      constants: floats(kindOf(layer.neuron).constants(layer.neuron).length),
      unit: floats(slots),
      ...lists(slots, keepsStates),
      spikeGradients: floats(slots * steps),
      powers: floats(paddedSteps),
      powerSums: floats(paddedSteps),
      powerNorms: floats(paddedSteps),
      panels: byInput && (below?.keepsStates ?? true) ? floats(fanIn * roundUp(width, 8)) : 0,
      panelsBack: byInput && below?.backwardFrom === "steps" ? floats(fanIn * width) : 0,
    };
  });

  const bottom = layers[0]!;
  const inputs = roundUp(plan.spec.inputs, 4);
  const varying = bottom.layer.source === "inputs" && !isExternal;
  const classes = layers[top]!.width;
  const widest = Math.max(inputs, ...layers.map(({ width }) => roundUp(width, 8)));
  const keepsStates = layers.some(({ layer }) => layer.keepsStates);
  const form = sampleFormOf(plan.spec), isFolded = foldsFeatures(plan.spec.encoder) || isExternal;
  // Where weights lie by input, inputs are listed otherwise.
  const listed = isFolded || bottom.byInput ? 0 : sparseShare(bottom.layer.units);
  const inputCapacity = Math.floor(listed * steps * inputs);
  const memory: CoreMemory = {
    layout,
    layers,
    parameters,
    gradients,
    features: floats(inputs),
    sequence: isFolded ? 0 : floats((form.isSequence ? paddedSteps : 1) * roundUp(form.channels, 4)),
    levels: plan.spec.encoder.kind === "latency" ? floats(4 + paddedSteps) : 0,
    inputCounts: isFolded ? 0 : floats(paddedSteps),
    inputEntries: isFolded ? 0 : floats(2 * (inputCapacity + paddedSteps)),
    inputCapacity,
    x: varying ? floats(paddedSteps * inputs) : 0,
    panels: varying && !bottom.byInput ? floats(bottom.width * inputs) : 0,
    packedBias: varying ? floats(bottom.width) : 0,
    scales: varying ? floats(bottom.width) : 0,
    factors: varying ? floats(bottom.width) : 0,
    stepSums: varying ? floats(paddedSteps) : 0,
    logits: floats(classes),
    logProbabilities: floats(classes),
    logitGradients: floats(classes),
    largest: floats(classes),
    sums: floats(bottom.width),
    inputLists: varying && bottom.byInput ? lists(inputs, true) : undefined,
    vectors: floats(inputs / 4 + 1),
    rows: keepsStates ? floats(paddedSteps * widest) : 0,
    currentPanels: keepsStates ? floats(paddedSteps * widest) : 0,
    ones: floats(widest),
    zeros: floats(widest + 8),
    packedZeros: floats(widest + 8),
    scratch: varying ? floats(paddedSteps * 48) : 0,
    shards: floats((shards + 3) * UPDATE_FLOATS),
  };
  writeTables(kernels, memory, steps);
  return memory;
}

/** Writes the unit of each slot (selection overwrites it), the powers of decays, and ones. */
function writeTables(kernels: Kernels, { layers, ones }: CoreMemory, steps: number): void {
  const floats = new Float32Array(kernels.memory.buffer), integers = new Int32Array(kernels.memory.buffer);
  for (const { layer, unit, powers, powerSums, powerNorms } of layers) {
    for (let slot = 0; slot < roundUp(layer.units, 8); slot++) {
      integers[(unit >> 2) + slot] = Math.min(slot, layer.units); // past the last unit: the row of zeros
    }
    const decay = Math.fround(layer.neuron.decay); // as the kernels have it
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
  const widest = Math.max(...layers.flatMap(({ layer: { inputs }, width }) => [inputs, width]));
  floats.fill(1, ones >> 2, (ones >> 2) + widest);
}

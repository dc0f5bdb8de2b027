/**
 * From what a network is to what has to be computed.
 *
 * {@linkcode compilePlan} is the only place that knows how operations chain: which layer is fed by what, where a delay
 * shifts a step, and which backward pass is exact. A plan says it in terms of one sample, all of its steps at once; engines
 * execute its operations one after the other and know nothing of networks.
 *
 * A layer never needs a later one. So each layer runs through all steps before the next begins: one product with the steps
 * as rows, then one scan down the steps; a recurrent layer adds its own outputs of the step before inside that scan.
 *
 * @module
 */
import {
  type CompleteNeuron,
  completeNeuron,
  kindOf,
  type Trainable,
  trainableOf,
} from "../network/neurons.ts";
import type { Loss, NetworkSpec, RateTarget, Readout } from "../network/spec.ts";

/** What a layer's currents are computed from. */
export type Source =
  /** Inputs that differ from step to step: one product with steps as rows. */
  | "inputs"
  /** An input that stays the same: one row serves all steps. */
  | "constant"
  /** Outputs of the layer below. */
  | "spikes";

/** A layer, with all that its operations need to know. */
export interface LayerPlan {
  readonly index: number;
  readonly inputs: number;
  readonly units: number;
  readonly neuron: CompleteNeuron;
  /** The neuron's learned constants: tensors `decay1`, `threshold1`, `scale1` `[units]`. */
  readonly learned: readonly Trainable[];
  /** I_t has V·o_{t-1} besides, o before the layer's delay: a tensor `v1` `[units, units]`. */
  readonly recurrent: boolean;
  readonly source: Source;
  /** Steps from an output of the layer below to the current that it causes here. */
  readonly inputDelay: 0 | 1;
  /** Where δo is needed: at its spikes alone, from which its gradient follows exactly, or at every step. */
  readonly backwardFrom: "spikes" | "steps";
  /** The firing rate that it is held to. */
  readonly rate: RateTarget | undefined;
  /** u, o and u' − θ are needed at every step, not only the spikes: the readout or a backward pass reads them. */
  readonly keepsStates: boolean;
}

/** An operation of the forward pass. `layer` is an index into {@linkcode Plan.layers}; ARCHITECTURE.md has the equations. */
export type ForwardOperation =
  /** Sample → inputs x_t of every step. */
  | { readonly kind: "encode" }
  /** List the units that may spike in this sample; the layer's other units are left out until the next sample. */
  | { readonly kind: "select"; readonly layer: number }
  /** Multiply the sample's features into the weights, for the noise encoder, whose inputs then are only its draws. */
  | { readonly kind: "pack"; readonly layer: number }
  /** I_t = W·x_t + b: one product, steps as rows. */
  | { readonly kind: "matmul"; readonly layer: number }
  /** I = W·x + b, one row for all steps. */
  | { readonly kind: "matmulRow"; readonly layer: number }
  /** I_t = W·o_{t−inputDelay} + b, o of the layer below. */
  | { readonly kind: "sparseProduct"; readonly layer: number }
  /** Currents → potentials and outputs, down the steps; a recurrent layer's I_t takes V·o_{t−1} on the way. */
  | { readonly kind: "scan"; readonly layer: number }
  /** The last layer's potentials or outputs → logits. */
  | { readonly kind: "read" }
  /** Logits (and rates) → loss, and its gradient with respect to the logits. */
  | { readonly kind: "loss" };

/** An operation of the backward pass. */
export type BackwardOperation =
  /** Gradient of the logits → that of each potential (δu) or output (δo) of the last layer that was read; 0 elsewhere. */
  | { readonly kind: "readBack" }
  /** δo_t of every unit and step += 2·weight·(r − target) / (units·steps), r the layer's rate in this sample. */
  | { readonly kind: "rateBack"; readonly layer: number }
  /**
   * δo (and the readout's δu) → δI at every step, up the steps; gradients of learned constants. A recurrent layer's δo_t
   * takes Vᵀ·δI_{t+1} on the way.
   */
  | { readonly kind: "scanBack"; readonly layer: number }
  /** ∂L/∂V += Σ_t δI_t·o_{t−1}ᵀ. */
  | { readonly kind: "recurrentGradient"; readonly layer: number }
  /** δI → δo at the spikes of the layer below; ∂L/∂W += Σ_t δI_t·o_{t−inputDelay}ᵀ, ∂L/∂b += Σ_t δI_t. */
  | { readonly kind: "spikesBack"; readonly layer: number }
  /** δI → δo of the layer below at every step, δo_t = Wᵀ·δI_{t+inputDelay}; ∂L/∂W and ∂L/∂b as above. */
  | { readonly kind: "stepsBack"; readonly layer: number }
  /** δo at spikes → δo at every step, 0 between them, for a layer whose scan goes back through every step. */
  | { readonly kind: "spread"; readonly layer: number }
  /** ∂L/∂W += Σ_t δI_t·x_tᵀ, ∂L/∂b += Σ_t δI_t, of the lowest layer. */
  | { readonly kind: "inputsBack"; readonly layer: number }
  /**
   * The exact backward pass from spikes alone: c_t = δI_t − d·δI_{t+1}, which is 0 but at spikes, and ∂L/∂b. From δo at spikes, or
   * from δI at every step where a scan has made it.
   */
  | { readonly kind: "coefficients"; readonly layer: number; readonly from: "spikes" | "steps" }
  /** ∂L/∂W += Σ_spikes c_t·X̃_tᵀ with the leaky trace X̃_t = x_t + d·X̃_{t−1} of the inputs. */
  | { readonly kind: "traceGradient"; readonly layer: number; readonly decay: number }
  /** ∂L/∂W += (Σ_t δI_t)·xᵀ, from the coefficients, where the input is the same at every step. */
  | { readonly kind: "outerGradient"; readonly layer: number };

/** One operation of a plan. */
export type Operation = ForwardOperation | BackwardOperation;

/** Which steps of the last layer are read, and how. */
export interface ReadSteps {
  /** What is read. */
  readonly from: Readout["from"];
  /** The first and last step whose potentials or outputs are read; none where `last` < `first`. */
  readonly first: number;
  readonly last: number;
  /** How they become one number: `last` is a sum over one step. */
  readonly reduce: "sum" | "max";
  /** What the sum is multiplied by; 1 for a maximum. */
  readonly scale: number;
  /** A zero is among the values that are read: what a layer with a delay hands on at the first step. Matters to a maximum. */
  readonly zero: boolean;
}

/** What to compute for a sample. */
export interface Plan {
  readonly spec: NetworkSpec;
  readonly layers: readonly LayerPlan[];
  readonly classes: number;
  readonly loss: Loss;
  /** What is read of a sample of T steps; of a shorter one, see {@linkcode readStepsOf}. */
  readonly readout: ReadSteps;
  readonly forward: readonly ForwardOperation[];
  readonly backward: readonly BackwardOperation[];
}

/** Choices that change the work but not the result. */
export interface PlanOptions {
  /** Leave out units that provably will not spike. @default {true} */
  readonly skip?: boolean;
  /** Keep every layer's states and outputs at every step, to look at; leaves no unit out. @default {false} */
  readonly recordStates?: boolean;
  /**
   * The engine that the plan is for. Without `events`, lists of spikes, it has operations on whole arrays alone: no unit is left
   * out, no features are multiplied into weights, and every backward pass goes through every step. @default {events: true}
   */
  readonly target?: { readonly events: boolean };
}

/**
 * Derives the plan of a network.
 *
 * @param spec A description that {@linkcode parseNetworkSpec} or a preset gave.
 * @throws {InputError} when a neuron's constant is out of range.
 */
export function compilePlan(spec: NetworkSpec, options: PlanOptions = {}): Plan {
  const { skip = true, recordStates = false, target: { events } = { events: true } } = options;
  const top = spec.layers.length - 1;
  const layers = spec.layers.map((layer, index): LayerPlan => {
    const neuron = completeNeuron(layer.neuron), learned = trainableOf(neuron);
    const { recurrent = false, units } = layer;
    // The top's states are read at every step, so its gradient does not follow from its spikes.
    const exact = events && index < top && kindOf(neuron).hasExactGradient(neuron);
    const plain = !recurrent && learned.length === 0 && kindOf(neuron).trainables(neuron).scale === 1;
    return {
      index,
      inputs: index === 0 ? spec.inputs : spec.layers[index - 1]!.units,
      units,
      neuron,
      learned,
      recurrent,
      source: index > 0 ? "spikes" : spec.encoder.kind === "constant" ? "constant" : "inputs",
      inputDelay: index === 0 ? 0 : spec.layers[index - 1]!.delay,
      backwardFrom: exact ? "spikes" : "steps",
      rate: index < top && kindOf(neuron).hasSurrogate ? spec.loss.rate : undefined,
      keepsStates: recordStates || index > 0 || !exact || !plain,
    };
  });
  const folds = spec.encoder.kind === "noise" && events;
  const forward = layers.flatMap((layer): ForwardOperation[] => [
    ...(folds && skip && layer.index === 0 && !layer.keepsStates
      ? [{ kind: "select", layer: 0 } as const]
      : []),
    ...(folds && layer.index === 0 ? [{ kind: "pack", layer: 0 } as const] : []),
    { kind: OPERATION_OF[layer.source], layer: layer.index },
    { kind: "scan", layer: layer.index },
  ]);
  const backward = layers.toReversed().flatMap((layer) => [
    ...backThroughNeurons(layer),
    ...backThroughWeights(layer, layers[layer.index - 1]),
  ]);
  return {
    spec,
    layers,
    classes: layers[top]!.units,
    loss: spec.loss,
    readout: readStepsOf(spec, spec.steps),
    forward: [{ kind: "encode" }, ...forward, { kind: "read" }, { kind: "loss" }],
    backward: [{ kind: "readBack" }, ...backward],
  };
}

/** What makes a layer's currents. */
const OPERATION_OF = { inputs: "matmul", constant: "matmulRow", spikes: "sparseProduct" } as const;

/** Goes back from δo to δI, where δI is needed at every step. */
function backThroughNeurons(
  { index, recurrent, backwardFrom, rate, keepsStates }: LayerPlan,
): BackwardOperation[] {
  if (!keepsStates) return [];
  const operations: BackwardOperation[] = [];
  if (backwardFrom === "spikes") operations.push({ kind: "spread", layer: index });
  if (rate) operations.push({ kind: "rateBack", layer: index });
  operations.push({ kind: "scanBack", layer: index });
  if (recurrent) operations.push({ kind: "recurrentGradient", layer: index });
  return operations;
}

/** Goes back through W: to the layer below, or to the gradient of the lowest layer's weights. */
function backThroughWeights(layer: LayerPlan, below: LayerPlan | undefined): BackwardOperation[] {
  const { index, source, backwardFrom, keepsStates, neuron } = layer;
  if (below) return [{ kind: below.backwardFrom === "spikes" ? "spikesBack" : "stepsBack", layer: index }];
  if (backwardFrom === "steps" || (source === "constant" && keepsStates)) {
    return [{ kind: "inputsBack", layer: index }];
  }
  return [
    { kind: "coefficients", layer: index, from: keepsStates ? "steps" : "spikes" },
    source === "constant"
      ? { kind: "outerGradient", layer: index }
      : { kind: "traceGradient", layer: index, decay: neuron.decay },
  ];
}

/** What is read of a sample with a number of steps: `steps` is T, or less for a shorter sequence. */
export function readStepsOf(spec: NetworkSpec, steps: number): ReadSteps {
  const { from, reduce, begin } = spec.readout;
  const { delay } = spec.layers[spec.layers.length - 1]!;
  const last = steps - 1 - delay;
  return {
    from,
    first: reduce === "last" ? Math.max(0, last) : Math.max(0, begin - delay),
    last,
    reduce: reduce === "max" ? "max" : "sum",
    scale: reduce === "mean" ? 1 / (steps - begin) : 1,
    zero: (reduce === "last" ? steps - 1 : begin) < delay,
  };
}

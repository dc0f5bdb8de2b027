/**
 * From what a network is to what has to be computed.
 *
 * {@linkcode compilePlan} is the only place that knows how operations chain: which layer is fed by what, where a delay
 * shifts a step, and which way back is exact. A plan says it in terms of one sample, all of its steps at once; engines
 * execute its operations one after the other and know nothing of networks.
 *
 * A feed-forward layer never needs a later one. So each layer runs through all steps before the next begins: one product
 * with the steps as rows, then one scan down the steps.
 *
 * @module
 */
import type { NetworkSpec, Neuron } from "../network/spec.ts";

/** What a layer's currents are computed from. */
export type Source =
  /** Inputs that differ from step to step, dense: one product with steps as rows. */
  | "inputs"
  /** An input that stays the same: one row serves all steps. */
  | "constant"
  /** Spikes of the layer below: a sum of rows, one for each spike. */
  | "spikes";

/** A layer, with all that its operations need to know. */
export interface LayerPlan {
  readonly index: number;
  readonly inputs: number;
  readonly units: number;
  readonly neuron: Neuron;
  readonly source: Source;
  /** Steps from a spike of the layer below to the current that it causes here. */
  readonly inputDelay: 0 | 1;
  /** u and o are needed at every step, not only the spikes: the readout or a dense way back reads them. */
  readonly dense: boolean;
}

/** One operation of a plan. `layer` is an index into {@linkcode Plan.layers}. */
export type Operation =
  /** Sample → inputs of every step. */
  | { readonly kind: "encode" }
  /** List the units that may spike in this sample; the layer's other units are left out until the next sample. */
  | { readonly kind: "choose"; readonly layer: number }
  /** Multiply the sample's features into the weights, for the noise encoder, whose inputs are only its draws. */
  | { readonly kind: "pack"; readonly layer: number }
  /** I = X·Wᵀ + b, steps as rows. */
  | { readonly kind: "product"; readonly layer: number }
  /** I = x·Wᵀ + b, one row for all steps. */
  | { readonly kind: "productRow"; readonly layer: number }
  /** I_t = b + Σ o·W over the spikes of the layer below. */
  | { readonly kind: "gather"; readonly layer: number }
  /** Currents → potentials and spikes, down the steps. */
  | { readonly kind: "scan"; readonly layer: number }
  /** Last layer's potentials → logits. */
  | { readonly kind: "read" }
  /** Logits → loss, and its gradient with respect to each potential that was read. */
  | { readonly kind: "loss" }
  /** δo and the readout's gradient → δI at every step. */
  | { readonly kind: "scanBack"; readonly layer: number }
  /** δI → δo at the spikes of the layer below, and this layer's weight and bias gradients. */
  | { readonly kind: "spikesBack"; readonly layer: number }
  /** δo at spikes → δo at every step, for a layer whose way back is dense. */
  | { readonly kind: "spread"; readonly layer: number }
  /** δo at spikes → coefficients of the trace, and the bias's gradient: the exact way back from spikes alone. */
  | { readonly kind: "coefficients"; readonly layer: number }
  /** δI at every step → coefficients, and the bias's gradient: the dense way back. */
  | { readonly kind: "everyStep"; readonly layer: number }
  /** Coefficients → weight gradient, over the (leaky, where the way back is from spikes) trace of the inputs. */
  | { readonly kind: "traceGradient"; readonly layer: number; readonly decay: number }
  /** Coefficients → weight gradient, where the input is the same at every step. */
  | { readonly kind: "outerGradient"; readonly layer: number };

/** What to compute for a sample. */
export interface Plan {
  readonly spec: NetworkSpec;
  readonly layers: readonly LayerPlan[];
  readonly classes: number;
  /** The steps whose states of the last layer are read (inclusive; none where `last` < `first`), and their factor. */
  readonly readout: { readonly first: number; readonly last: number; readonly scale: number };
  readonly forward: readonly Operation[];
  readonly backward: readonly Operation[];
}

/** Choices that change the work but not the result. */
export interface PlanOptions {
  /** Leave out units that provably will not spike. @default {true} */
  readonly skip?: boolean;
  /** Keep every layer's states and outputs at every step, to look at; leaves no unit out. @default {false} */
  readonly record?: boolean;
}

/**
 * Derives the plan of a network.
 *
 * @param spec A description that {@linkcode parseNetworkSpec} or a preset gave.
 */
export function compilePlan(spec: NetworkSpec, { skip = true, record = false }: PlanOptions = {}): Plan {
  const top = spec.layers.length - 1;
  const layers = spec.layers.map((layer, index): LayerPlan => ({
    index,
    inputs: index === 0 ? spec.inputs : spec.layers[index - 1]!.units,
    units: layer.units,
    neuron: layer.neuron,
    source: index > 0 ? "spikes" : spec.encoder.kind === "constant" ? "constant" : "inputs",
    inputDelay: index === 0 ? 0 : spec.layers[index - 1]!.delay,
    dense: record || index > 0 || index === top,
  }));

  const forward: Operation[] = [{ kind: "encode" }];
  for (const { index, source } of layers) {
    if (source === "inputs") {
      if (spec.encoder.kind === "noise") {
        if (skip && !record && index < top) forward.push({ kind: "choose", layer: index });
        forward.push({ kind: "pack", layer: index });
      }
      forward.push({ kind: "product", layer: index });
    } else {
      forward.push({ kind: source === "constant" ? "productRow" : "gather", layer: index });
    }
    forward.push({ kind: "scan", layer: index });
  }
  forward.push({ kind: "read" }, { kind: "loss" });

  const backward: Operation[] = [];
  for (const { index, source } of layers.toReversed()) {
    if (source === "spikes") {
      if (index < top) backward.push({ kind: "spread", layer: index });
      backward.push({ kind: "scanBack", layer: index }, { kind: "spikesBack", layer: index });
      continue;
    }
    // The lowest layer. Below the top its states are read by nobody but itself: its gradient follows from its spikes.
    if (index < top) backward.push({ kind: "coefficients", layer: index });
    else backward.push({ kind: "scanBack", layer: index }, { kind: "everyStep", layer: index });
    const decay = index < top ? spec.layers[index]!.neuron.decay : 0;
    backward.push(
      source === "constant"
        ? { kind: "outerGradient", layer: index }
        : { kind: "traceGradient", layer: index, decay },
    );
  }

  const { begin, reduce } = spec.readout;
  const delay = spec.layers[top]!.delay;
  return {
    spec,
    layers,
    classes: layers[top]!.units,
    readout: {
      first: Math.max(0, begin - delay),
      last: spec.steps - 1 - delay,
      scale: reduce === "mean" ? 1 / (spec.steps - begin) : 1,
    },
    forward,
    backward,
  };
}

/**
 * Neurons as operations of ONNX, a step of a population each (docs/networks.md has the equations).
 *
 * All memory is in states, which are 0 before the first step.
 */
import { InputError } from "../errors.ts";
import { type CompleteNeuron, type Constant, kindOf } from "../network/neurons.ts";
import type { GraphBuilder, Value } from "./graph_builder.ts";

/** What a population's translation is given. */
export interface PopulationPlace {
  readonly id: string;
  /** The sum of its edges, `[batch, …shape]`. */
  readonly input: Value;
  /** The value of a constant: a number for all units, or one a unit, `[…shape]`. */
  constant(name: Constant): Value;
  /** Whether all units have this value of a constant, or their kind has no such constant. */
  isAlways(name: Constant, value: number): boolean;
  /** Whether this is the first step, `[1]`. */
  isFirst(): Value;
  /**
   * A state of its as the step before left it; `next` is called for each before the step's end.
   *
   * @param name No constant's.
   */
  state(name: string, words: string): Value;
  /** Says what a state is after this step. */
  next(name: string, value: Value): void;
}

/** What a population makes of a step. */
export interface PopulationStep {
  /** o_t. */
  readonly output: Value;
  /** u_t, after the reset. */
  readonly potential: Value;
}

/** The fields that {@linkcode stepPopulation} knows, or that only training reads. */
const KNOWN = [
  ...["id", "kind", "from", "surrogate", "trainable", "perUnit", "reset", "spikes"],
  ...[
    "decay",
    "threshold",
    "scale",
    "penalty",
    "synapticDecay",
    "adaptation",
    "adaptationDecay",
    "current",
    "resetTo",
    "start",
  ],
];

/** @throws {InputError} where neurons have a field that is not known here, and not its default; the message names the node. */
export function stepPopulation(
  graph: GraphBuilder,
  neuron: CompleteNeuron,
  place: PopulationPlace,
): PopulationStep {
  const defaults = new Map<string, unknown>(Object.entries(kindOf(neuron).defaults));
  for (const [field, value] of Object.entries(neuron)) {
    if (!KNOWN.includes(field) && value !== defaults.get(field)) throw unknown(place.id, field, value);
  }
  const strange = neuron.perUnit.find((name) => !KNOWN.includes(name));
  if (strange !== undefined) throw unknown(place.id, "perUnit", strange);
  switch (neuron.kind) {
    case "graded": {
      const before = leak(graph, place, currentOf(graph, place)), threshold = place.constant("threshold");
      const spike = graph.add("Relu", [graph.add("Sub", [before, threshold])]);
      const hasFired = graph.add("Greater", [before, threshold]);
      // u' − (p + e), in the order in which the kernels have it.
      const fallen = graph.add("Sub", [before, graph.add("Add", [place.constant("penalty"), spike])]);
      const potential = graph.add("Where", [hasFired, fallen, before]);
      keep(place, "potential", potential);
      return { output: times(graph, place, "scale", spike), potential };
    }
    case "lif":
      return stepLif(graph, neuron, place);
    case "integrator": {
      const potential = leak(graph, place, synapse(graph, place));
      keep(place, "potential", potential);
      return { output: potential, potential };
    }
    default:
      return neuron satisfies never;
  }
}

function stepLif(
  graph: GraphBuilder,
  neuron: Extract<CompleteNeuron, { readonly kind: "lif" }>,
  place: PopulationPlace,
): PopulationStep {
  const before = resetLate(graph, neuron, place, leak(graph, place, synapse(graph, place)));
  const adapts = !place.isAlways("adaptation", 0);
  const adaptation = adapts ? place.state("adapted", "adaptation a") : "";
  const threshold = adapts
    ? graph.add("Add", [
      place.constant("threshold"),
      graph.add("Mul", [place.constant("adaptation"), adaptation]),
    ])
    : place.constant("threshold");
  const { hasFired, output } = fire(graph, neuron, place, before, threshold);
  if (adapts) {
    const left = graph.add("Mul", [place.constant("adaptationDecay"), adaptation]);
    place.next("adapted", graph.add("Add", [left, output]));
  }
  const potential = resetOf(graph, neuron, place, { before, threshold, hasFired, output });
  keep(place, "potential", potential);
  return { output, potential };
}

/** o_t of u'_t and θ_t, and where it is above 0. */
function fire(
  graph: GraphBuilder,
  { spikes }: Extract<CompleteNeuron, { readonly kind: "lif" }>,
  { id }: PopulationPlace,
  before: Value,
  threshold: Value,
): { readonly hasFired: Value; readonly output: Value } {
  switch (spikes) {
    case "one": {
      const hasFired = graph.add("Greater", [before, threshold]);
      return { hasFired, output: graph.add("Cast", [hasFired], { to: FLOAT }) };
    }
    case "many": {
      const zero = graph.constants.number(0);
      const whole = graph.add("Floor", [graph.add("Div", [before, threshold])]);
      const canFire = graph.add("Greater", [threshold, zero]);
      const output = graph.add("Where", [canFire, graph.add("Max", [whole, zero]), zero]);
      return { hasFired: graph.add("Greater", [output, zero]), output };
    }
    default:
      throw unknown(id, "spikes", spikes satisfies never);
  }
}

/** The number of float in `Cast`. */
const FLOAT = 1;

/** u_t of u'_t, θ_t and o_t. */
function resetOf(
  graph: GraphBuilder,
  { reset }: Extract<CompleteNeuron, { readonly kind: "lif" }>,
  place: PopulationPlace,
  { before, threshold, hasFired, output }: {
    readonly before: Value;
    readonly threshold: Value;
    readonly hasFired: Value;
    readonly output: Value;
  },
): Value {
  switch (reset) {
    case "subtract":
      return graph.add("Sub", [before, graph.add("Mul", [threshold, output])]);
    case "zero":
      return graph.add("Where", [hasFired, place.constant("resetTo"), before]);
    case "subtractLate":
      place.next("late", graph.add("Mul", [threshold, output]));
      return before;
    case "zeroLate":
      place.next("late", output);
      return before;
    case "none":
      return before;
    default:
      throw unknown(place.id, "reset", reset satisfies never);
  }
}

/** u'_t of d·u_{t−1} + s_t, where the spike of the step before resets it now. */
function resetLate(
  graph: GraphBuilder,
  { reset }: Extract<CompleteNeuron, { readonly kind: "lif" }>,
  place: PopulationPlace,
  sum: Value,
): Value {
  switch (reset) {
    case "subtractLate":
      return graph.add("Sub", [sum, place.state("late", "what the spike before takes of the potential")]);
    case "zeroLate": {
      const spiked = place.state("late", "the spike before");
      const hasSpiked = graph.add("Greater", [spiked, graph.constants.number(0)]);
      return graph.add("Where", [hasSpiked, place.constant("resetTo"), sum]);
    }
    case "subtract":
    case "zero":
    case "none":
      return sum;
    default:
      throw unknown(place.id, "reset", reset satisfies never);
  }
}

/** A field of a later version, which no graph is written for. */
function unknown(id: string, field: string, value: unknown): InputError {
  return new InputError(`${id}: ${field} ${JSON.stringify(value)} cannot be written as ONNX`);
}

/** I_t + c. */
function currentOf(graph: GraphBuilder, place: PopulationPlace): Value {
  return place.isAlways("current", 0)
    ? place.input
    : graph.add("Add", [place.input, place.constant("current")]);
}

/** s_t = α·s_{t−1} + I_t + c. */
function synapse(graph: GraphBuilder, place: PopulationPlace): Value {
  const current = currentOf(graph, place);
  if (place.isAlways("synapticDecay", 0)) return current;
  const left = times(graph, place, "synapticDecay", place.state("synapse", "synaptic current s"));
  const next = graph.add("Add", [left, current]);
  place.next("synapse", next);
  return next;
}

/** d·u_{t−1} and what comes in. */
function leak(graph: GraphBuilder, place: PopulationPlace, current: Value): Value {
  if (place.isAlways("decay", 0)) return current;
  const kept = place.state("potential", "membrane potential u, after the reset");
  const before = place.isAlways("start", 0)
    ? kept
    : graph.add("Where", [place.isFirst(), place.constant("start"), kept]);
  return graph.add("Add", [times(graph, place, "decay", before), current]);
}

/** Keeps the potential, but where nothing of it is left after a step. */
function keep(place: PopulationPlace, name: string, value: Value): void {
  if (!place.isAlways("decay", 0)) place.next(name, value);
}

/** A value times a constant, which may be 1. */
function times(graph: GraphBuilder, place: PopulationPlace, name: Constant, value: Value): Value {
  return place.isAlways(name, 1) ? value : graph.add("Mul", [place.constant(name), value]);
}

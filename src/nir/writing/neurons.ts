/** Neurons as NIR nodes: τ of a decay, r and w_in such that inputs count as they do here, and what NIR cannot say. */
import type { CompleteNeuron, Constant, GradedNeuron, LifNeuron } from "../../network/neurons.ts";
import { areAll, type Constants, findWrong, ofConstants } from "../constants.ts";
import type { NirOptions } from "../options.ts";
import type { Draft, Drafts } from "./draft.ts";
import { refusal } from "./operators.ts";

/** How a network is written. */
export interface WriteOptions {
  /** Of a step. */
  readonly dt: number;
  /** Neurons that NIR does not have are written as the nearest that it has. */
  readonly approximate: boolean;
}

/** A constant's numbers. */
export type ConstantOf = (name: Constant) => Constants;

/** Options for a reader, by what the neurons do; all have to do the same. */
export type Habits = Map<keyof NirOptions, { readonly value: string; readonly id: string }>;

const RESETS = {
  subtract: "subtract",
  zero: "value",
  subtractLate: "subtract-late",
  zeroLate: "zero-late",
} as const satisfies Readonly<Record<Exclude<LifNeuron["reset"], "none" | undefined>, NirOptions["reset"]>>;

/** Makes a population's node. @throws {InputError} when NIR has no such neurons. */
export function draftNeurons(
  neuron: CompleteNeuron,
  draft: Draft,
  constant: ConstantOf,
  options: WriteOptions,
  drafts: Drafts,
  habits: Habits,
): void {
  switch (neuron.kind) {
    case "integrator":
      return draftIntegrator(draft, constant, options, drafts, habits);
    case "lif":
      return draftLif(neuron, draft, constant, options, drafts, habits);
    case "graded":
      return draftGraded(neuron, draft, constant, options, drafts, habits);
    default:
      neuron satisfies never;
  }
}

/** Sets τ, r and w_in, and what is wanted of the inputs. @returns The first part of the primitive's name. */
function draftMembrane(
  kind: string,
  draft: Draft,
  decay: Constants,
  synapticDecay: Constants,
  current: Constants,
  dt: number,
): "" | "Cuba" | "Leaky" {
  const wrong = findWrong(decay, (value) => value >= 0 && value <= 1);
  if (wrong !== undefined) {
    throw refusal(draft.id, kind, `decay ${wrong}: NIR has no τ for it: expected 0 to 1`);
  }
  const isCuba = !areAll(synapticDecay, 0), isWhole = areAll(decay, 1);
  if ((isCuba || !isWhole) && findWrong(decay, (value) => value < 1) !== undefined) {
    throw refusal(
      draft.id,
      kind,
      isCuba
        ? "decay 1 behind a synapse: NIR has no such primitive"
        : "decay 1 of some units: NIR has no τ for them",
    );
  }
  if (findWrong(synapticDecay, (value) => value >= 0 && value < 1) !== undefined) {
    throw refusal(draft.id, kind, "synapticDecay: NIR has no τ for it: expected 0 to below 1");
  }
  const shareOf = (values: Constants) => ofConstants((d) => 1 / (1 - d), values);
  draft.wanted = { gain: 1, current };
  if (isCuba) {
    const [membrane, synapse] = [shareOf(decay), shareOf(synapticDecay)];
    draft.constants.set("tau_mem", ofConstants((x) => dt * x, membrane)).set("r", membrane);
    draft.constants.set("tau_syn", ofConstants((x) => dt * x, synapse)).set("w_in", synapse);
    return "Cuba";
  }
  if (isWhole) {
    draft.constants.set("r", 1 / dt);
    return "";
  }
  const gain = shareOf(decay);
  draft.constants.set("tau", ofConstants((x) => dt * x, gain)).set("r", 1);
  draft.wanted = { gain, current };
  return "Leaky";
}

function draftIntegrator(
  draft: Draft,
  constant: ConstantOf,
  { dt }: WriteOptions,
  drafts: Drafts,
  habits: Habits,
): void {
  const decay = constant("decay"), synapticDecay = constant("synapticDecay");
  const form = draftMembrane("integrator", draft, decay, synapticDecay, constant("current"), dt);
  draft.type = { "": "I", Leaky: "LI", Cuba: "CubaLI" }[form];
  if (form !== "") draft.constants.set("v_leak", 0);
  setStart(draft, constant("start"), false, habits);
  drafts.note(
    `${draft.id} integrates (${draft.type}): Sinabs alone reads that; snnTorch and SpikingJelly refuse it, Norse leaves it out`,
  );
}

function draftLif(
  neuron: Required<LifNeuron>,
  draft: Draft,
  constant: ConstantOf,
  { dt, approximate }: WriteOptions,
  drafts: Drafts,
  habits: Habits,
): void {
  const [decay, synapticDecay, current] = [constant("decay"), constant("synapticDecay"), constant("current")];
  if (!areAll(constant("adaptation"), 0)) {
    const why = "its threshold adapts, which NIR cannot say";
    if (!approximate) throw refusal(draft.id, "lif", `${why}: say --approximate to leave the adaptation out`);
    drafts.note(`${draft.id}: ${why}: it was left out`);
  }
  const { reset } = neuron, isMany = "spikes" in neuron && neuron.spikes === "many";
  if (reset === "none" && areAll(decay, 0) && areAll(synapticDecay, 0) && !isMany) {
    draft.type = "Threshold";
    draft.constants.set("threshold", constant("threshold"));
    draft.wanted = { gain: 1, current };
    drafts.note(`${draft.id}: snnTorch, Norse and SpikingJelly read no Threshold`);
    return;
  }
  if (reset === "none") {
    const why = "a spike leaves its potential as it is (reset none), which NIR cannot say";
    if (!approximate) throw refusal(draft.id, "lif", `${why}: say --approximate to have it reset to 0`);
    drafts.note(`${draft.id}: ${why}: it is reset to 0`);
  }
  const form = draftMembrane("lif", draft, decay, synapticDecay, current, dt);
  draft.type = { "": "IF", Leaky: "LIF", Cuba: "CubaLIF" }[form];
  if (form !== "") draft.constants.set("v_leak", 0);
  if (reset === "zeroLate" && !areAll(constant("resetTo"), 0)) {
    throw refusal(draft.id, "lif", "a late reset to other than 0, which NIR cannot say: expected resetTo 0");
  }
  const resetTo = reset === "zero" ? constant("resetTo") : 0;
  draft.constants.set("v_threshold", constant("threshold")).set("v_reset", resetTo);
  setStart(draft, constant("start"), true, habits);
  setHabit(habits, draft, "reset", reset === "none" ? "value" : RESETS[reset]);
  setHabit(habits, draft, "spikes", isMany ? "multi" : "single");
}

/** The nearest that NIR has of graded spikes: binary ones, after which the potential is θ − p, as it is here. */
function draftGraded(
  _neuron: Required<GradedNeuron>,
  draft: Draft,
  constant: ConstantOf,
  { dt, approximate }: WriteOptions,
  drafts: Drafts,
  habits: Habits,
): void {
  const why = "graded spikes, which NIR cannot say";
  if (!approximate) {
    throw refusal(draft.id, "graded", `${why}: say --approximate to have spikes of 1 in their place`);
  }
  drafts.note(`${draft.id}: ${why}: its spikes are 1, whatever the potential is`);
  const form = draftMembrane("graded", draft, constant("decay"), 0, constant("current"), dt);
  draft.type = form === "" ? "IF" : "LIF";
  if (form !== "") draft.constants.set("v_leak", 0);
  const threshold = constant("threshold");
  draft.constants.set("v_threshold", threshold);
  draft.constants.set("v_reset", ofConstants((theta, p) => theta - p, threshold, constant("penalty")));
  setHabit(habits, draft, "reset", "value");
  setHabit(habits, draft, "spikes", "single");
}

/** A potential before the first step is 0, or v_reset, which a reader is told. */
function setStart(draft: Draft, start: Constants, isSpiking: boolean, habits: Habits): void {
  const resetTo = isSpiking ? draft.constants.get("v_reset")! : 0;
  if (isSameAs(start, resetTo) && !areAll(start, 0)) {
    setHabit(habits, draft, "start", "reset");
    return;
  }
  if (!areAll(start, 0)) {
    throw refusal(
      draft.id,
      isSpiking ? "lif" : "integrator",
      "start: NIR can say a potential before the first step where it is that after a spike, and of no other",
    );
  }
  // Where v_reset is 0, both say the same.
  if (!areAll(resetTo, 0)) setHabit(habits, draft, "start", "zero");
}

function isSameAs(one: Constants, other: Constants): boolean {
  return findWrong(ofConstants((a, b) => a - b, one, other), (difference) => difference === 0) === undefined;
}

/** @throws {InputError} when other neurons do otherwise: a reader takes one option for all. */
function setHabit(habits: Habits, { id }: Draft, name: keyof NirOptions, value: string): void {
  const other = habits.get(name);
  if (other && other.value !== value) {
    throw refusal(
      id,
      "neurons",
      `${name} ${value}, but ${other.id} has ${other.value}: NIR does not say it, and a reader takes one for all`,
    );
  }
  habits.set(name, { value, id });
}

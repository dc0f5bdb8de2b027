/**
 * The neurons of docs/networks.md in plain float64: one unit, one step, forward and back.
 *
 * @module
 */
import type { CompleteNeuron, Surrogate } from "../../src/network/neurons.ts";

/** What a neuron's constants are where its kind has no such constant, or its description leaves it out. */
const ABSENT = {
  decay: 0,
  threshold: 0,
  scale: 1,
  start: 0,
  penalty: 0,
  synapticDecay: 0,
  adaptation: 0,
  adaptationDecay: 0,
  current: 0,
  resetTo: 0,
};

/** A unit's constants, as they are for this unit. */
export type UnitConstants = Readonly<typeof ABSENT>;

/** Names of the constants, in the order of their tensors in a file. */
export const CONSTANTS: readonly string[] = Object.keys(ABSENT);

/** The constants of a unit: those of its description, and its own ones in their place. */
export function constantsOf(neuron: CompleteNeuron, own: Partial<UnitConstants> = {}): UnitConstants {
  const numbers = Object.entries<unknown>(neuron).filter(([, value]) => typeof value === "number");
  return { ...ABSENT, ...Object.fromEntries(numbers), ...own };
}

/** A unit's state after a step. */
export interface UnitState {
  /** u after the reset, and u' before it. */
  readonly u: number;
  readonly before: number;
  /** o before the layer's delay. */
  readonly o: number;
  /** s, the synaptic current; a, the adaptation. */
  readonly s: number;
  readonly a: number;
  /** u' − θ_t, or of several spikes a step u' − k·θ_t; Infinity for neurons that do not spike. */
  readonly v: number;
  /** k: the number of thresholds that is nearest to u', 1 at least; and how far u' is from where it changes. */
  readonly level: number;
  readonly turn: number;
  /** How many spikes this step has. */
  readonly spikes: number;
  /** The amount that the reset subtracts, and 1 where it follows a spike, both without a gradient. */
  readonly reset: number;
  readonly spike: number;
}

const AT_REST: UnitState = {
  ...{ u: 0, before: 0, o: 0, s: 0, a: 0, v: 0, level: 1, turn: Infinity },
  ...{ spikes: 0, reset: 0, spike: 0 },
};

/** The state before the first step. */
export function firstState({ start }: UnitConstants): UnitState {
  return { ...AT_REST, u: start };
}

/**
 * Computes one step.
 *
 * @param input The sum of what comes in at this step.
 * @param frozen The same step at close parameters. Spikes are those of `frozen` plus the integral of the surrogate over
 * the difference: a network of such steps is smooth, and its derivative is the surrogate gradient.
 */
export function stepUnit(
  neuron: CompleteNeuron,
  constants: UnitConstants,
  past: UnitState,
  input: number,
  frozen?: UnitState,
): UnitState {
  const { decay, threshold, scale, penalty, synapticDecay, adaptation, adaptationDecay, resetTo } = constants;
  const current = input + constants.current;
  switch (neuron.kind) {
    case "graded": {
      const before = current + decay * past.u;
      const v = before - threshold, e = Math.max(0, v);
      const u = e > 0 ? before - (penalty + e) : before;
      return { ...AT_REST, u, before, o: scale * e, v, spikes: Number(v > 0) };
    }
    case "integrator": {
      const s = synapticDecay * past.s + current;
      const u = decay * past.u + s;
      return { ...AT_REST, u, before: u, o: u, s, v: Infinity };
    }
    case "lif": {
      const s = synapticDecay * past.s + current;
      const sum = decay * past.u + s;
      const before = neuron.reset === "subtractLate"
        ? sum - past.reset
        : neuron.reset === "zeroLate"
        ? sum * (1 - past.spike) + resetTo * past.spike
        : sum;
      const a = adaptationDecay * past.a + past.o;
      const thresholdNow = threshold + adaptation * a;
      const { level, turn, v, spikes } = neuron.spikes === "many"
        ? levelsOf(before, thresholdNow, frozen)
        : { ...AT_REST, v: before - thresholdNow, spikes: Number(before > thresholdNow) };
      const o = frozen
        ? frozen.o +
          (v > -Infinity ? integral(neuron.surrogate, v) - integral(neuron.surrogate, frozen.v) : 0)
        : spikes;
      // Neither θ_t nor o has a gradient inside the reset, so they keep the values of `frozen`.
      const spike = frozen ? frozen.spike : Math.min(1, spikes);
      const reset = frozen ? frozen.reset : thresholdNow * spikes;
      const u = {
        subtract: before - reset,
        zero: before * (1 - spike) + resetTo * spike,
        none: before,
        subtractLate: before,
        zeroLate: before,
      }[neuron.reset];
      return { u, before, o, s, a, v, level, turn, spikes, reset, spike };
    }
    default:
      return neuron satisfies never;
  }
}

/** Whole numbers of thresholds below u', where a threshold that is not above 0 has none. */
function levelsOf(before: number, threshold: number, frozen?: UnitState) {
  if (threshold <= 0) return { level: 1, turn: -threshold, v: -Infinity, spikes: 0 };
  const whole = Math.max(0, Math.floor(before / threshold));
  const level = frozen ? frozen.level : Math.max(1, Math.round(before / threshold));
  const middle = (Math.max(1, whole) + 0.5) * threshold;
  return {
    level,
    turn: Math.min(threshold, Math.abs(before - middle)),
    v: before - level * threshold,
    spikes: whole,
  };
}

/** The distance of a step from the nearest discontinuity of the state or the output, or edge of a surrogate. */
export function marginOf(neuron: CompleteNeuron, { v, turn }: UnitState): number {
  const edge = neuron.kind === "lif" ? edgeOf(neuron.surrogate) : Infinity;
  return Math.min(Math.abs(v), turn, edge < Infinity ? Math.abs(Math.abs(v) - edge) : Infinity);
}

/** Where σ becomes 0. */
function edgeOf({ kind, slope }: Surrogate): number {
  return kind === "boxcar" ? 1 / (2 * slope) : kind === "triangle" ? 1 / slope : Infinity;
}

/** The gradients that a step's backward pass returns. */
export interface UnitGradient {
  /** δ of d·u + s, δs = δI, δa of that step. */
  readonly before: number;
  readonly s: number;
  readonly a: number;
  /** Gradients of the constants, this step's part; of `start` where it is the first step. */
  readonly decay: number;
  readonly threshold: number;
  readonly scale: number;
  readonly start: number;
}

/** The gradients after the last step. */
export const NO_GRADIENT: UnitGradient = {
  before: 0,
  s: 0,
  a: 0,
  decay: 0,
  threshold: 0,
  scale: 0,
  start: 0,
};

/**
 * The backward pass of one step.
 *
 * @param state The step, and `past` the one before it.
 * @param output δo from the layer above, the readout and the layer itself.
 * @param read The readout's δu.
 * @param later The gradients of the next step.
 */
export function stepUnitBack(
  neuron: CompleteNeuron,
  { decay, scale, synapticDecay, adaptation, adaptationDecay }: UnitConstants,
  state: UnitState,
  past: UnitState,
  output: number,
  read: number,
  later: UnitGradient,
): UnitGradient {
  const u = read + decay * later.before;
  switch (neuron.kind) {
    case "graded": {
      const isOpen = state.v > 0;
      const before = isOpen ? scale * output : u;
      return {
        before,
        s: before,
        a: 0,
        decay: before * past.u,
        start: 0,
        threshold: isOpen ? u - scale * output : 0,
        scale: isOpen ? state.v * output : 0,
      };
    }
    case "integrator": {
      const before = u + output;
      return {
        ...NO_GRADIENT,
        before,
        s: before + synapticDecay * later.s,
        decay: before * past.u,
        start: decay * before,
      };
    }
    case "lif": {
      const p = surrogate(neuron.surrogate, state.v) * (output + later.a);
      const potential = p + (neuron.reset === "zero" ? u * (1 - state.spike) : u);
      const before = neuron.reset === "zeroLate" ? potential * (1 - past.spike) : potential;
      return {
        before,
        s: before + synapticDecay * later.s,
        a: adaptationDecay * later.a - adaptation * state.level * p,
        decay: before * past.u,
        threshold: -state.level * p,
        scale: 0,
        start: decay * before,
      };
    }
    default:
      return neuron satisfies never;
  }
}

/** σ(v). */
export function surrogate({ kind, slope: k }: Surrogate, v: number): number {
  switch (kind) {
    case "atan":
      return k / 2 / (1 + (Math.PI / 2 * k * v) ** 2);
    case "fastSigmoid":
      return 1 / (1 + k * Math.abs(v)) ** 2;
    case "triangle":
      return k * Math.max(0, 1 - k * Math.abs(v));
    case "boxcar":
      return Math.abs(v) < 1 / (2 * k) ? k : 0;
    default:
      return kind satisfies never;
  }
}

/** An antiderivative of σ. */
function integral({ kind, slope: k }: Surrogate, v: number): number {
  switch (kind) {
    case "atan":
      return Math.atan(Math.PI / 2 * k * v) / Math.PI;
    case "fastSigmoid":
      return v / (1 + k * Math.abs(v));
    case "triangle": {
      const w = Math.max(-1 / k, Math.min(1 / k, v));
      return k * w - k * k * w * Math.abs(w) / 2;
    }
    case "boxcar":
      return k * Math.max(-1 / (2 * k), Math.min(1 / (2 * k), v));
    default:
      return kind satisfies never;
  }
}

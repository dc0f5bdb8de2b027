/** I, LI, IF, LIF, CubaLI, CubaLIF, Threshold and Delay; `options.ts` has the equations of a step. */
import type { Reset } from "../network/neurons.ts";
import { sizeOf } from "../network/shape.ts";
import { areAll, type Constants, ofConstants } from "./constants.ts";
import type { Fields, NirShape } from "./fields.ts";
import type { NirOptions } from "./options.ts";
import type { BareNode, NodeTensors, Primitive, Target } from "./primitive.ts";

/** A gain that differs from 1 by less than this is 1: the file's numbers are rounded to float32. */
const ROUNDING = 1e-6;
/** A delay that is no whole number of steps by more than this is rounded with a warning. */
const OFF_STEP = 1e-3;

const RESETS = {
  "value": "zero",
  "subtract": "subtract",
  "subtract-late": "subtractLate",
  "zero-late": "zeroLate",
} as const satisfies Readonly<Record<NirOptions["reset"], Reset>>;

/** What a step leaves of a state, and what an input counts. */
interface Rate {
  readonly decay: Constants;
  readonly gain: Constants;
  /** dt/τ. */
  readonly ratio: Constants;
}

/** The rate of a time constant. @throws {InputError} when it is no time, or shorter than a step. */
function rateOf(fields: Fields, name: string, shape: NirShape, { dt, method }: NirOptions): Rate {
  const tau = fields.constantsThat(name, shape, "a time above 0", (value) => value > 0);
  const ratio = ofConstants((value) => dt / value, tau);
  if (method === "exponential") {
    const decay = ofConstants((x) => Math.exp(-x), ratio);
    return { decay, ratio, gain: ofConstants((a) => 1 - a, decay) };
  }
  const short = fields.constantsThat(
    name,
    shape,
    `dt (${dt}) or more, since dt/${name} is what a step takes: say another dt, or method exponential`,
    (value) => dt / value <= 1 + ROUNDING,
  );
  const gain = ofConstants((value) => Math.min(1, dt / value), short);
  return { gain, ratio, decay: ofConstants((g) => 1 - g, gain) };
}

/** A gain, without what rounding has made of 1. */
function rounded(gain: Constants): Constants {
  return ofConstants((value) => Math.abs(value - 1) < ROUNDING ? 1 : value, gain);
}

/** Constants of neurons by their names here. */
type NeuronConstants = Readonly<Record<string, Constants>>;

/** A node of neurons: constants that differ between units are tensors. */
function neurons<const Kind extends "lif" | "integrator">(
  kind: Kind,
  constants: NeuronConstants,
  others: Readonly<Record<string, string>>,
  shape: NirShape,
): readonly [BareNode, NodeTensors] {
  const shared = Object.entries(constants).map(([name, values]) =>
    [name, typeof values === "number" ? values : values[0]!] as const
  );
  const own = Object.entries(constants).filter(([, values]) => typeof values !== "number");
  const tensors = own.map(([name, values]) =>
    [name, typeof values === "number" ? new Float64Array(sizeOf(shape)).fill(values) : values] as const
  );
  const node = { kind, ...Object.fromEntries(shared), ...others, perUnit: own.map(([name]) => name) };
  return [node, Object.fromEntries(tensors)];
}

/** How a primitive's neurons differ. */
interface Kind {
  readonly required: readonly string[];
  readonly optional: readonly string[];
  /** Its time constants: of the membrane, and of a synapse before it. */
  readonly membrane?: string;
  readonly synapse?: string;
  readonly isSpiking: boolean;
}

function population(kind: Kind): Primitive {
  const parameters = [...kind.required, ...kind.optional];
  return {
    required: kind.required,
    optional: kind.optional,
    keepsState: true,
    outputShape: (fields, input) => input ?? parameterShape(fields, parameters),
    convert(fields, shape, target) {
      const { options } = target, { dt } = options;
      for (const name of parameters) if (fields.has(name)) fields.constants(name, shape);
      const rate: Rate = kind.membrane === undefined
        ? { decay: 1, gain: dt, ratio: dt }
        : rateOf(fields, kind.membrane, shape, options);
      const isLeaky = kind.membrane !== undefined;
      const r = fields.constants("r", shape);
      const counts = isLeaky ? options.gain : options.gain_if;
      const gain = counts === "unit"
        ? 1
        : ofConstants((g, resistance) => g * resistance, counts === "euler" ? rate.ratio : rate.gain, r);
      const leak = isLeaky ? fields.constants("v_leak", shape) : 0;
      const current = ofConstants((d, v) => v === 0 ? 0 : (1 - d) * v, rate.decay, leak);
      const membrane = {
        decay: rate.decay,
        ...(!areAll(current, 0) && { current }),
        ...startOf(fields, shape, options, leak, kind.isSpiking),
      };
      const synapticDecay = addSynapse(fields, shape, target, kind, gain, !areAll(current, 0));
      const constants = { ...membrane, ...(synapticDecay !== undefined && { synapticDecay }) };
      target.add(
        ...(kind.isSpiking
          ? spiking(fields, shape, options, constants)
          : neurons("integrator", constants, {}, shape)),
      );
    },
  };
}

/** The first shape of parameters that is more than a number. */
function parameterShape(fields: Fields, names: readonly string[]): NirShape | undefined {
  return names.filter((name) => fields.has(name)).map((name) => fields.shapeOf(name)).find((shape) =>
    shape.length > 0
  );
}

/** The potential before the first step, where it is not 0. */
function startOf(
  fields: Fields,
  shape: NirShape,
  { start }: NirOptions,
  leak: Constants,
  isSpiking: boolean,
): NeuronConstants {
  const value = start === "leak" ? leak : start === "reset" && isSpiking ? resetValue(fields, shape) : 0;
  return areAll(value, 0) ? {} : { start: value };
}

/** Files of before NIR 1.0.6 have no v_reset: it is 0. */
function resetValue(fields: Fields, shape: NirShape): Constants {
  return fields.constants("v_reset", shape, 0);
}

/**
 * Multiplies the inputs by what they count, through a synapse where there is one.
 *
 * @param hasCurrent The membrane has a current of its own, which a synapse would smooth: then the synapse is a node of its own.
 * @returns The decay of a synapse that is part of the neurons.
 */
function addSynapse(
  fields: Fields,
  shape: NirShape,
  target: Target,
  kind: Kind,
  gain: Constants,
  hasCurrent: boolean,
): Constants | undefined {
  if (kind.synapse === undefined) {
    target.multiply(rounded(gain));
    return undefined;
  }
  const { decay, gain: share } = rateOf(fields, kind.synapse, shape, target.options);
  const weight = fields.constants("w_in", shape, 1);
  const own = target.options.gain_syn === "unit" ? weight : ofConstants((g, w) => g * w, share, weight);
  target.multiply(rounded(ofConstants((first, second) => first * second, rounded(gain), rounded(own))));
  if (!hasCurrent) return decay;
  target.addBefore("synapse", ...neurons("integrator", { decay }, {}, shape));
  return undefined;
}

function spiking(
  fields: Fields,
  shape: NirShape,
  { reset, spikes }: NirOptions,
  membrane: NeuronConstants,
): readonly [BareNode, NodeTensors] {
  const isMany = spikes === "multi";
  const threshold = isMany
    ? fields.constantsThat(
      "v_threshold",
      shape,
      "a number above 0, where spikes is multi",
      (value) => value > 0,
    )
    : fields.constants("v_threshold", shape);
  const resetTo = resetValue(fields, shape);
  const constants = {
    ...membrane,
    threshold,
    ...(reset === "value" && !areAll(resetTo, 0) && { resetTo }),
  };
  return neurons("lif", constants, { reset: RESETS[reset], ...(isMany && { spikes: "many" }) }, shape);
}

const threshold: Primitive = {
  required: ["threshold"],
  optional: [],
  outputShape: (fields, input) => input ?? parameterShape(fields, ["threshold"]),
  convert(fields, shape, target) {
    const constants = { decay: 0, threshold: fields.constants("threshold", shape) };
    target.add(...neurons("lif", constants, { reset: "none" }, shape));
  },
};

/** The steps of a delay. */
function stepsOf(fields: Fields, shape: NirShape, dt: number): Constants {
  const times = fields.constantsThat("delay", shape, "a time of 0 or more", (value) => value >= 0);
  return ofConstants((time) => Math.round(time / dt), times);
}

/** Whether all units of a node wait for a step or more. */
export function waits(fields: Fields, dt: number): boolean {
  return fields.type === "Delay" && fields.numbers("delay").every((time) => Math.round(time / dt) >= 1);
}

const delay: Primitive = {
  required: ["delay"],
  optional: [],
  keepsState: true,
  outputShape: (fields, input) => input ?? parameterShape(fields, ["delay"]),
  convert(fields, shape, target) {
    const { dt } = target.options, steps = stepsOf(fields, shape, dt);
    const off = Array.from(fields.numbers("delay")).find((time) =>
      Math.abs(time / dt - Math.round(time / dt)) > OFF_STEP
    );
    if (off !== undefined) fields.warn(`delay: ${off} is no whole number of steps of ${dt}: it was rounded`);
    const long = typeof steps === "number" ? steps : Math.max(...steps);
    if (long >= target.steps) {
      throw fields.error(
        `delay: ${long} steps of ${dt}, but there are ${target.steps} steps: say more steps, or another dt`,
      );
    }
    const own = ofConstants((value) => value - (target.isShortened ? 1 : 0), steps);
    target.add({ kind: "delay" }, {
      steps: typeof own === "number" ? new Float64Array(sizeOf(shape)).fill(own) : own,
    });
  },
};

const spikingFields = ["r", "v_leak", "v_threshold"];

/** By name. */
export const NEURON_PRIMITIVES = {
  I: population({ required: ["r"], optional: [], isSpiking: false }),
  LI: population({ required: ["tau", "r", "v_leak"], optional: [], membrane: "tau", isSpiking: false }),
  IF: population({ required: ["r", "v_threshold"], optional: ["v_reset"], isSpiking: true }),
  LIF: population({
    required: ["tau", ...spikingFields],
    optional: ["v_reset"],
    membrane: "tau",
    isSpiking: true,
  }),
  CubaLI: population({
    required: ["tau_syn", "tau_mem", "r", "v_leak"],
    optional: ["w_in"],
    membrane: "tau_mem",
    synapse: "tau_syn",
    isSpiking: false,
  }),
  CubaLIF: population({
    required: ["tau_syn", "tau_mem", ...spikingFields],
    optional: ["v_reset", "w_in"],
    membrane: "tau_mem",
    synapse: "tau_syn",
    isSpiking: true,
  }),
  Threshold: threshold,
  Delay: delay,
} as const satisfies Readonly<Record<string, Primitive>>;

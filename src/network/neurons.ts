/**
 * The kinds of neurons: constants, their ranges and defaults, and the properties that the plan depends on.
 *
 * {@linkcode NEURONS} is the registry. A kind consists of an entry and the kernels `step<Kind>` and `stepBack<Kind>` in
 * `asm/neurons/` (and their WGSL beside them); no other code depends on a neuron's kind, but for src/onnx/neurons.ts.
 */
import * as v from "valibot";
import { InputError } from "../errors.ts";
import { describeIssue } from "./issues.ts";
import { type PlaceDescription, placeFields } from "./place.ts";

/** The trainable constants, in the order of their tensors in a file; a learned one has one value a unit. */
export const TRAINABLE = ["decay", "threshold", "scale", "start"] as const;

/** One of {@linkcode TRAINABLE}. */
export type Trainable = typeof TRAINABLE[number];

/** The constants that can have one value a unit, in the order of their tensors in a file. */
export const CONSTANTS = [
  ...TRAINABLE,
  "penalty",
  "synapticDecay",
  "adaptation",
  "adaptationDecay",
  "current",
  "resetTo",
] as const;

/** One of {@linkcode CONSTANTS}. */
export type Constant = typeof CONSTANTS[number];

/**
 * The notebook's neuron (docs/networks.md): it leaks, fires a graded spike above its threshold, and falls back by the penalty.
 *
 *     u'_t = (I_t + c) + d·u_{t-1};  e_t = max(0, u'_t − θ);  g_t = [e_t > 0];  u_t = u'_t − (p + e_t)·g_t;  o_t = γ·e_t
 */
export interface GradedNeuron {
  /** Which neuron this is. */
  readonly kind: "graded";
  /** d, how much of the membrane potential is left after a step; 0 to 1. */
  readonly decay: number;
  /** θ, the membrane potential above which the unit fires. */
  readonly threshold: number;
  /** p, how far below the threshold a spike leaves the potential: at θ − p; 0 or more. */
  readonly penalty: number;
  /** γ, the factor of a spike's output. @default {1} */
  readonly scale?: number;
  /** c, a constant current beside I_t. @default {0} */
  readonly current?: number;
  /** The constants that are tensors of the node's shape, fixed unless trainable; the values above are the initial ones. @default {none} */
  readonly perUnit?: readonly ("decay" | "threshold" | "scale" | "penalty" | "current")[];
  /** The learned constants, one value a unit; the values above are the initial ones. @default {none} */
  readonly trainable?: readonly ("decay" | "threshold" | "scale")[];
}

/**
 * A spike's effect on the membrane potential, at once or a step late; r is `resetTo`.
 *
 * - `subtract`: u_t = u'_t − θ_t·o_t;
 * - `zero`: u_t = u'_t·(1 − o_t) + r·o_t;
 * - `none`: u_t = u'_t;
 * - `subtractLate`: u_t = u'_t, and u'_{t+1} = d·u_t + s_{t+1} − θ_t·o_t: the threshold does not decay;
 * - `zeroLate`: u_t = u'_t, and u'_{t+1} = (d·u_t + s_{t+1})·(1 − o_t) + r·o_t: what comes in at the step after a spike is lost.
 */
export type Reset = "subtract" | "zero" | "none" | "subtractLate" | "zeroLate";

/**
 * How many spikes a unit fires at a step.
 *
 * - `one`: o_t = [u'_t > θ_t];
 * - `many`: o_t = max(0, ⌊u'_t / θ_t⌋). A reset by subtraction takes θ_t·o_t, the others act where o_t > 0. The surrogate derivative
 *   is that at the nearest change of o: σ(v) with v = u'_t − k·θ_t, k the whole number nearest to u'_t / θ_t, 1 at least. θ is above 0.
 */
export type Spikes = "one" | "many";

/**
 * The surrogate derivative of a spike in the backward pass, σ(v) of the distance v = u' − θ_t, with slope k.
 *
 * - `atan`: k/2 / (1 + (π/2·k·v)²) (Fang et al. 2021);
 * - `fastSigmoid`: 1 / (1 + k|v|)² (Zenke & Ganguli 2018);
 * - `triangle`: k·max(0, 1 − k|v|) (Bellec et al. 2018);
 * - `boxcar`: k where |v| < 1/(2k), else 0.
 */
export interface Surrogate {
  /** Which function. */
  readonly kind: "atan" | "fastSigmoid" | "triangle" | "boxcar";
  /** k, above 0. */
  readonly slope: number;
}

/**
 * Leaky integrate-and-fire, with binary spikes or whole numbers of them, and a surrogate gradient (docs/networks.md).
 *
 *     s_t = α·s_{t-1} + (I_t + c);  u'_t = d·u_{t-1} + s_t;  a_t = ρ·a_{t-1} + o_{t-1};  θ_t = θ + κ·a_t;  o_t = [u'_t > θ_t]
 *
 * d = 1 is the integrate-and-fire neuron, α > 0 the current-based (synaptic) one, κ > 0 the adaptive one (ALIF).
 */
export interface LifNeuron {
  /** Which neuron this is. */
  readonly kind: "lif";
  /** d, how much of the membrane potential is left after a step; 0 to 1. */
  readonly decay: number;
  /** θ, the membrane potential above which the unit fires. */
  readonly threshold: number;
  /** A spike's effect on the potential. @default {"subtract"} */
  readonly reset?: Reset;
  /** The derivative of a spike in the backward pass. @default {atan of slope 2} */
  readonly surrogate?: Surrogate;
  /** α, how much of the synaptic current is left after a step; 0 to 1. @default {0} */
  readonly synapticDecay?: number;
  /** κ, how much a past spike raises the threshold. @default {0} */
  readonly adaptation?: number;
  /** ρ, how much of the adaptation is left after a step; 0 to 1. @default {0} */
  readonly adaptationDecay?: number;
  /** c, a constant current beside I_t. @default {0} */
  readonly current?: number;
  /** r, the potential after a spike, of reset `zero` and `zeroLate`; otherwise it has no effect. @default {0} */
  readonly resetTo?: number;
  /** u_{−1}, the potential before the first step. @default {0} */
  readonly start?: number;
  /** How many spikes a unit fires at a step at most. @default {"one"} */
  readonly spikes?: Spikes;
  /** The constants that are tensors of the node's shape, fixed unless trainable; the values above are the initial ones. @default {none} */
  readonly perUnit?: readonly (
    | "decay"
    | "threshold"
    | "synapticDecay"
    | "adaptation"
    | "adaptationDecay"
    | "current"
    | "resetTo"
    | "start"
  )[];
  /** The learned constants, one value a unit; the values above are the initial ones. @default {none} */
  readonly trainable?: readonly ("decay" | "threshold" | "start")[];
}

/**
 * A leaky sum without spikes, such as a readout (docs/networks.md).
 *
 *     s_t = α·s_{t-1} + (I_t + c);  u_t = d·u_{t-1} + s_t;  o_t = u_t
 */
export interface IntegratorNeuron {
  /** Which neuron this is. */
  readonly kind: "integrator";
  /** d, how much of the potential is left after a step; 0 to 1. */
  readonly decay: number;
  /** α, how much of the synaptic current is left after a step; 0 to 1. @default {0} */
  readonly synapticDecay?: number;
  /** c, a constant current beside I_t. @default {0} */
  readonly current?: number;
  /** u_{−1}, the potential before the first step. @default {0} */
  readonly start?: number;
  /** The constants that are tensors of the node's shape, fixed unless trainable; the values above are the initial ones. @default {none} */
  readonly perUnit?: readonly ("decay" | "synapticDecay" | "current" | "start")[];
  /** The learned constants, one value a unit; the values above are the initial ones. @default {none} */
  readonly trainable?: readonly ("decay" | "start")[];
}

/** A kind of neuron with its constants. */
export type Neuron = GradedNeuron | LifNeuron | IntegratorNeuron;

/** A neuron with all constants; see {@linkcode completeNeuron}. */
export type CompleteNeuron = Required<GradedNeuron> | Required<LifNeuron> | Required<IntegratorNeuron>;

/** The properties of a kind of neuron. */
export interface NeuronKind<N extends CompleteNeuron> {
  /** Checks a description and fills in its defaults. */
  readonly schema: v.GenericSchema<unknown, N>;
  /** The schema of a node of these neurons, with its place in the graph. */
  readonly nodeSchema: v.GenericSchema<unknown, N & PlaceDescription>;
  /** The constants' defaults. */
  readonly defaults: N;
  /** Fires spikes: outputs are 0 at most steps. A kind that does not can only be the last layer of `layers`. */
  readonly isSpiking: boolean;
  /** Its spikes have a surrogate derivative in the backward pass, and so has a firing rate. */
  readonly hasSurrogate: boolean;
  /** It fires several spikes at a step: outputs are how many, and a spike is an output above 0. */
  firesMany(neuron: N): boolean;
  /**
   * Its gradient follows exactly from its spikes alone (docs/internals/plan.md): without a readout, δI is γ·δo at a spike and
   * d·δI_{t+1} elsewhere, with the same d for all units.
   */
  hasExactGradient(neuron: N): boolean;
  /**
   * The distance below the threshold up to which a unit has a gradient: 0 where only a spike has one, infinite where every distance
   * has one.
   */
  gradientReach(neuron: N): number;
  /** Of neurons whose potential is a leaky sum of their currents, linear in them, how much is left of either after a step; undefined of others. */
  leaks(neuron: N): { readonly decay: number; readonly synapticDecay: number } | undefined;
  /** The initial values of all constants that can have one value a unit. */
  values(neuron: N): Readonly<Partial<Record<Constant, number>>>;
  /** Those of them that its kernels read besides the trainable ones and the current, in their order. */
  readonly constants: readonly Constant[];
  /** All else that its kernels read, the same for all units: numbers, in their order. */
  settings(neuron: N): readonly number[];
}

const share = v.pipe(v.number(), v.minValue(0), v.maxValue(1));
const finite = v.pipe(v.number(), v.finite());
const notNegative = v.pipe(finite, v.minValue(0));
const positive = v.pipe(finite, v.gtValue(0));

/** Names of constants, each once. */
function namesAmong<const Names extends readonly Constant[]>(...names: Names) {
  return v.optional(
    v.pipe(
      v.array(v.picklist(names)),
      v.check((chosen) => new Set(chosen).size === chosen.length, "Expected each name once"),
    ),
    [],
  );
}

/** The constants' defaults by kind: in a description, in the builder and on the command line. */
const DEFAULTS = {
  graded: {
    kind: "graded",
    decay: 0.9,
    threshold: 2,
    penalty: 2.5,
    scale: 1,
    current: 0,
    perUnit: [],
    trainable: [],
  },
  lif: {
    kind: "lif",
    decay: 0.9,
    threshold: 1,
    reset: "subtract",
    surrogate: { kind: "atan", slope: 2 },
    synapticDecay: 0,
    adaptation: 0,
    adaptationDecay: 0,
    current: 0,
    resetTo: 0,
    start: 0,
    spikes: "one",
    perUnit: [],
    trainable: [],
  },
  integrator: {
    kind: "integrator",
    decay: 0.9,
    synapticDecay: 0,
    current: 0,
    start: 0,
    perUnit: [],
    trainable: [],
  },
} as const satisfies { readonly [Kind in Neuron["kind"]]: Required<Extract<Neuron, { kind: Kind }>> };

/** Every {@linkcode Reset}, in the order of its number in the kernels' settings. */
export const RESETS = [
  "subtract",
  "zero",
  "none",
  "subtractLate",
  "zeroLate",
] as const satisfies readonly Reset[];
/** Every {@linkcode Spikes}, likewise. */
export const SPIKES = ["one", "many"] as const satisfies readonly Spikes[];
/** Every kind of {@linkcode Surrogate}, likewise. */
export const SURROGATES = [
  "atan",
  "fastSigmoid",
  "triangle",
  "boxcar",
] as const satisfies readonly Surrogate["kind"][];

const gradedFields = {
  kind: v.literal("graded"),
  decay: v.optional(share, DEFAULTS.graded.decay),
  threshold: v.optional(finite, DEFAULTS.graded.threshold),
  penalty: v.optional(notNegative, DEFAULTS.graded.penalty),
  scale: v.optional(finite, DEFAULTS.graded.scale),
  current: v.optional(finite, DEFAULTS.graded.current),
  perUnit: namesAmong("decay", "threshold", "scale", "penalty", "current"),
  trainable: namesAmong("decay", "threshold", "scale"),
};

const graded: NeuronKind<Required<GradedNeuron>> = {
  schema: v.strictObject(gradedFields),
  nodeSchema: v.pipe(
    v.strictObject({ ...gradedFields, ...placeFields }),
  ),
  defaults: DEFAULTS.graded,
  isSpiking: true,
  hasSurrogate: false,
  firesMany: () => false,
  hasExactGradient: ({ trainable, perUnit }) => !trainable.includes("decay") && !perUnit.includes("decay"),
  gradientReach: () => 0,
  leaks: () => undefined,
  values: ({ decay, threshold, scale, penalty, current }) => ({ decay, threshold, scale, penalty, current }),
  constants: ["penalty"],
  settings: () => [],
};

const lifFields = {
  kind: v.literal("lif"),
  decay: v.optional(share, DEFAULTS.lif.decay),
  threshold: v.optional(finite, DEFAULTS.lif.threshold),
  reset: v.optional(v.picklist(RESETS), DEFAULTS.lif.reset),
  surrogate: v.optional(
    v.strictObject({ kind: v.picklist(SURROGATES), slope: positive }),
    DEFAULTS.lif.surrogate,
  ),
  synapticDecay: v.optional(share, DEFAULTS.lif.synapticDecay),
  adaptation: v.optional(finite, DEFAULTS.lif.adaptation),
  adaptationDecay: v.optional(share, DEFAULTS.lif.adaptationDecay),
  current: v.optional(finite, DEFAULTS.lif.current),
  resetTo: v.optional(finite, DEFAULTS.lif.resetTo),
  start: v.optional(finite, DEFAULTS.lif.start),
  spikes: v.optional(v.picklist(SPIKES), DEFAULTS.lif.spikes),
  perUnit: namesAmong(
    ...[
      "decay",
      "threshold",
      "synapticDecay",
      "adaptation",
      "adaptationDecay",
      "current",
      "resetTo",
      "start",
    ] as const,
  ),
  trainable: namesAmong("decay", "threshold", "start"),
};

/** Several spikes a step are several thresholds. */
function hasThresholds({ spikes, threshold }: Pick<Required<LifNeuron>, "spikes" | "threshold">): boolean {
  return spikes === "one" || threshold > 0;
}
const NO_THRESHOLDS = 'expected a threshold above 0, for spikes is "many"';

const lif: NeuronKind<Required<LifNeuron>> = {
  schema: v.pipe(
    v.strictObject(lifFields),
    v.forward(v.check((neuron) => hasThresholds(neuron), NO_THRESHOLDS), ["threshold"]),
  ),
  nodeSchema: v.pipe(
    v.strictObject({ ...lifFields, ...placeFields }),
    v.forward(v.check((neuron) => hasThresholds(neuron), NO_THRESHOLDS), ["threshold"]),
  ),
  defaults: DEFAULTS.lif,
  isSpiking: true,
  hasSurrogate: true,
  firesMany: ({ spikes }) => spikes === "many",
  hasExactGradient: () => false,
  gradientReach: ({ surrogate }) => reachOf(surrogate),
  leaks: () => undefined,
  values: ({ decay, threshold, synapticDecay, adaptation, adaptationDecay, current, resetTo, start }) => ({
    decay,
    threshold,
    synapticDecay,
    adaptation,
    adaptationDecay,
    current,
    resetTo,
    start,
  }),
  constants: ["synapticDecay", "adaptation", "adaptationDecay", "resetTo"],
  settings: ({ reset, surrogate, spikes }) => [
    surrogate.slope,
    SURROGATES.indexOf(surrogate.kind),
    RESETS.indexOf(reset),
    SPIKES.indexOf(spikes),
  ],
};

const integratorFields = {
  kind: v.literal("integrator"),
  decay: v.optional(share, DEFAULTS.integrator.decay),
  synapticDecay: v.optional(share, DEFAULTS.integrator.synapticDecay),
  current: v.optional(finite, DEFAULTS.integrator.current),
  start: v.optional(finite, DEFAULTS.integrator.start),
  perUnit: namesAmong("decay", "synapticDecay", "current", "start"),
  trainable: namesAmong("decay", "start"),
};

const integrator: NeuronKind<Required<IntegratorNeuron>> = {
  schema: v.strictObject(integratorFields),
  nodeSchema: v.strictObject({ ...integratorFields, ...placeFields }),
  defaults: DEFAULTS.integrator,
  isSpiking: false,
  hasSurrogate: false,
  firesMany: () => false,
  hasExactGradient: () => false,
  gradientReach: () => Infinity,
  leaks: ({ decay, synapticDecay, start }) => start === 0 ? { decay, synapticDecay } : undefined,
  values: ({ decay, synapticDecay, current, start }) => ({ decay, synapticDecay, current, start }),
  constants: ["synapticDecay"],
  settings: () => [],
};

/** Every kind of neuron, by name. */
export const NEURONS = { graded, lif, integrator } as const;

/** The same, for code that does not depend on the kind. */
const kinds: Readonly<Record<Neuron["kind"], NeuronKind<CompleteNeuron>>> = NEURONS;

/** The distance from the threshold beyond which a surrogate derivative is 0. */
function reachOf({ kind, slope }: Surrogate): number {
  switch (kind) {
    case "atan":
    case "fastSigmoid":
      return Infinity;
    case "triangle":
      return 1 / slope;
    case "boxcar":
      return 0.5 / slope;
    default:
      return kind satisfies never;
  }
}

/** An object of a known kind. */
const ofKnownKind = v.looseObject({ kind: v.picklist(Object.keys(NEURONS) as Neuron["kind"][]) });
/** Rejects an unknown kind: it fails in `ofKnownKind`, whose message names the known ones. */
const ofNoKind = v.pipe(
  ofKnownKind,
  v.transform((): never => {
    throw new TypeError("a known kind of neuron was taken for an unknown one");
  }),
);

/** A schema that also accepts `learn`, the former name of `trainable`. */
export function readingLearn<Output>(
  schema: v.GenericSchema<unknown, Output>,
): v.GenericSchema<unknown, Output> {
  return v.pipe(v.unknown(), v.transform(renameLearn), schema);
}

function renameLearn(neuron: unknown): unknown {
  if (typeof neuron !== "object" || neuron === null || !("learn" in neuron) || "trainable" in neuron) {
    return neuron;
  }
  const { learn, ...others } = neuron;
  return { ...others, trainable: learn };
}

/** Checks a neuron of any kind and fills in its defaults. */
export const neuronSchema: v.GenericSchema<unknown, CompleteNeuron> = v.lazy((input) => {
  const known = v.safeParse(ofKnownKind, input);
  return known.success ? readingLearn(kinds[known.output.kind].schema) : ofNoKind;
});

/** The properties of a neuron's kind. */
export function kindOf({ kind }: Neuron): NeuronKind<CompleteNeuron> {
  return kinds[kind];
}

/**
 * Fills in a neuron's defaults.
 *
 * @throws {InputError} when a constant is missing, unknown or out of range.
 *
 * @example
 * ```ts
 * import { completeNeuron } from "@spikelet/spikelet";
 *
 * console.log(completeNeuron({ kind: "integrator", decay: 0.9 }));
// { kind: "integrator", decay: 0.9, synapticDecay: 0, current: 0, start: 0, perUnit: [], trainable: [] }
 * ```
 */
export function completeNeuron(neuron: Neuron): CompleteNeuron {
  const parsed = v.safeParse(neuronSchema, neuron);
  if (parsed.success) return parsed.output;
  const [issue] = parsed.issues;
  throw new InputError(
    `${neuron?.kind} neuron: ${v.getDotPath(issue) ?? "the whole"}: ${describeIssue(issue)}`,
  );
}

/** What a trainable constant is where a kind has none of that name: it has no effect. */
const ABSENT = { decay: 0, threshold: 0, scale: 1, start: 0 } as const satisfies Record<Trainable, number>;

/** The constants of which a neuron's kernels read a value a unit: the trainable ones, then its kind's others in their order. */
export function kernelConstantsOf(
  neuron: CompleteNeuron,
): readonly { readonly name: Constant; readonly value: number }[] {
  const kind = kindOf(neuron), values = { ...ABSENT, ...kind.values(neuron) };
  return [...TRAINABLE, ...kind.constants].map((name) => ({ name, value: values[name]! }));
}

/** Names of the tensors that hold a network's learned constants, such as `decay1`. */
export function constantNames(
  { layers }: { readonly layers: readonly { readonly neuron: Neuron }[] },
): Set<string> {
  return new Set(layers.flatMap(({ neuron }, i) => trainableOf(neuron).map((name) => `${name}${i + 1}`)));
}

/** Names of a neuron's learned constants, in the order of {@linkcode TRAINABLE}. */
export function trainableOf({ trainable = [] }: Neuron): readonly Trainable[] {
  const chosen: readonly Trainable[] = trainable;
  return TRAINABLE.filter((name) => chosen.includes(name));
}

/** Names of the constants with a tensor, learned or fixed, in the order of {@linkcode CONSTANTS}. */
export function tensorsOf({ trainable, perUnit }: CompleteNeuron): readonly Constant[] {
  const chosen: readonly Constant[] = [...trainable, ...perUnit];
  return CONSTANTS.filter((name) => chosen.includes(name));
}

/**
 * Optimizers: how a batch's gradient g moves the parameters w, in PyTorch's forms.
 *
 * `clip` first scales the gradient of all parameters together down to that norm, where it is longer:
 * g ← g · min(1, clip / (‖g‖ + 1e-6)), as `torch.nn.utils.clip_grad_norm_` does.
 *
 * Weight decay draws weights and biases to 0, as `torch.optim` does, but not the learned constants of neurons: a decay, a threshold
 * or a scale of 0 is not a simpler network, it is another neuron.
 *
 * `ema` keeps an exponential moving average a of all parameters beside them, and does not change how they move. After the n-th update
 *
 *     a ← dₙ·a + (1 − dₙ)·w;  dₙ = min(d, (n − 1) / (n + 8))
 *
 * dₙ rises to d, so that the first weights do not weigh too much. It is the min(d, (1 + t) / (10 + t)) of TensorFlow's
 * `ExponentialMovingAverage` with t = n − 2: the average begins as the parameters after the first update.
 */

/** Stochastic gradient descent: g ← g + weightDecay·w; v ← momentum·v + g; w ← w − learningRate·v. */
export interface SgdUpdate {
  /** Which optimizer. @default {"sgd"} */
  readonly kind?: "sgd";
  /** lr, 0 or more. */
  readonly learningRate: number;
  /** m, 0 to less than 1. */
  readonly momentum: number;
  /** λ, 0 or more, of weights and biases. @default {0, but 0.01 for `adamw`} */
  readonly weightDecay?: number;
  /** The largest norm of the gradient, above 0. @default {none} */
  readonly clip?: number;
  /** Decay d of the moving average of parameters, 0 to less than 1, such as 0.999; 0 keeps none. @default {0} */
  readonly ema?: number;
}

/**
 * Adam (Kingma & Ba 2015), at the n-th update:
 *
 *     m ← β₁·m + (1 − β₁)·g;  s ← β₂·s + (1 − β₂)·g²;  w ← w − lr·(m / (1 − β₁ⁿ)) / (√(s / (1 − β₂ⁿ)) + ε)
 *
 * `adam` adds weightDecay·w to g; `adamw` (Loshchilov & Hutter 2019) takes lr·weightDecay·w from w instead.
 */
export interface AdamUpdate extends Pick<SgdUpdate, "learningRate" | "weightDecay" | "clip" | "ema"> {
  /** Which optimizer. */
  readonly kind: "adam" | "adamw";
  /** β₁, 0 to less than 1. @default {0.9} */
  readonly beta1?: number;
  /** β₂, 0 to less than 1. @default {0.999} */
  readonly beta2?: number;
  /** ε, above 0. @default {1e-8} */
  readonly epsilon?: number;
}

/** An optimizer and its constants. */
export type Update = SgdUpdate | AdamUpdate;

/** An update with all constants; `clip` is infinite where nothing is clipped, `ema` 0 where nothing is averaged. */
export type CompleteUpdate = Required<SgdUpdate> | Required<AdamUpdate>;

/** Every optimizer, by its name in {@linkcode Update} and on the command line. */
export const OPTIMIZERS = ["sgd", "adam", "adamw"] as const;

/** One of {@linkcode OPTIMIZERS}. */
export type OptimizerName = typeof OPTIMIZERS[number];

/** The constants' defaults: PyTorch's, but for sgd's learning rate and momentum, which are the notebook's. */
export const OPTIMIZER_DEFAULTS = {
  sgd: { learningRate: 0.1, momentum: 0.5, weightDecay: 0 },
  adam: { learningRate: 1e-3, beta1: 0.9, beta2: 0.999, epsilon: 1e-8, weightDecay: 0 },
  adamw: { learningRate: 1e-3, beta1: 0.9, beta2: 0.999, epsilon: 1e-8, weightDecay: 0.01 },
} as const;

/** Names of an optimizer's moments, as in `EngineState.moments`, in the order of the engine's memory. */
export function momentsOf(optimizer: OptimizerName): readonly string[] {
  return optimizer === "sgd" ? ["velocity"] : ["mean", "square"];
}

/**
 * The optimizer whose moments these are; `adam` stands for `adamw` too, whose moments are the same.
 *
 * @throws {RangeError} when they are no optimizer's; the message names the known moments.
 */
export function optimizerOf(names: Iterable<string>): OptimizerName {
  const found = [...names].sort().join(" and ");
  const optimizer = OPTIMIZERS.find((name) => momentsOf(name).join(" and ") === found);
  if (optimizer) return optimizer;
  throw new RangeError(
    `the state has ${found === "" ? "no moments" : `the moments ${found}`}: ` +
      "expected velocity (sgd's), or mean and square (adam's and adamw's)",
  );
}

/**
 * Whether the moments after some updates are this optimizer's; if not, they begin at 0.
 *
 * @throws {RangeError} when another optimizer has made updates, whose moments differ.
 */
export function findsMoments(
  kind: OptimizerName,
  before: { readonly kind: OptimizerName; readonly updates: number },
): boolean {
  const [wanted, held] = [kind, before.kind].map((name) => momentsOf(name).join(" and "));
  if (held === wanted) return true;
  if (before.updates === 0) return false;
  throw new RangeError(
    `step.kind: ${kind} needs ${wanted}, but after ${before.updates} updates of ${before.kind} the engine has ${held}: ` +
      `continue with ${before.kind}, or set the parameters anew`,
  );
}

/** What an engine's average of parameters is of. */
export interface AveragedUpdates {
  /** Whether there is an average; it is of all updates then. */
  readonly isKept: boolean;
  /** Updates that have been made. */
  readonly updates: number;
}

/** Checks that an update can go on with an average. @throws {RangeError} when updates before it were not averaged. */
export function checkAverage({ ema }: CompleteUpdate, { isKept, updates }: AveragedUpdates): void {
  if (ema === 0 || isKept || updates === 0) return;
  throw new RangeError(
    `step.ema: ${ema}, but the engine has made ${updates} updates without an average: ` +
      "leave it out, or set the parameters anew",
  );
}

/** The share 1 − dₙ of the parameters in their average after an update, which is counted from 1: 1 at the first one, 0 without average. */
export function averageShare({ ema }: CompleteUpdate, number: number): number {
  return ema === 0 ? 0 : 1 - Math.min(ema, (number - 1) / (number + 8));
}

const RANGES = {
  learningRate: ["0 or more", (value) => value >= 0],
  momentum: ["0 to less than 1", (value) => value >= 0 && value < 1],
  beta1: ["0 to less than 1", (value) => value >= 0 && value < 1],
  beta2: ["0 to less than 1", (value) => value >= 0 && value < 1],
  epsilon: ["above 0", (value) => value > 0],
  weightDecay: ["0 or more", (value) => value >= 0],
  ema: ["0 to less than 1", (value) => value >= 0 && value < 1],
} as const satisfies Record<string, readonly [span: string, includes: (value: number) => boolean]>;

/** Fills in the defaults. @throws {RangeError} when a constant is missing or out of its range; the message names both. */
export function completeUpdate(update: Update): CompleteUpdate {
  if (typeof update !== "object" || update === null) { // from JavaScript
    throw new RangeError(`step: ${update}, expected an optimizer's constants, such as a learningRate`);
  }
  const { clip = Infinity, ema = 0 } = update;
  if (!(clip > 0)) throw new RangeError(`step.clip: ${clip}, expected a number above 0`);
  const complete = completed(update, { clip, ema });
  for (const [name, [span, includes]] of Object.entries(RANGES)) {
    const value: unknown = Reflect.get(complete, name);
    const isUsed = name === "ema" || Object.hasOwn(OPTIMIZER_DEFAULTS[complete.kind], name);
    if (isUsed && !(typeof value === "number" && Number.isFinite(Math.fround(value)) && includes(value))) {
      throw new RangeError(`step.${name}: ${value}, expected a number, ${span}`);
    }
  }
  return complete;
}

function completed(update: Update, common: { readonly clip: number; readonly ema: number }): CompleteUpdate {
  switch (update.kind) {
    case undefined:
    case "sgd": {
      const { learningRate, momentum, weightDecay = OPTIMIZER_DEFAULTS.sgd.weightDecay } = update;
      return { kind: "sgd", learningRate, momentum, weightDecay, ...common };
    }
    case "adam":
    case "adamw":
      return { ...OPTIMIZER_DEFAULTS[update.kind], ...update, ...common };
    default:
      throw new RangeError(
        `step.kind: ${Reflect.get(update satisfies never, "kind")}, expected ${OPTIMIZERS.join(" or ")}`,
      );
  }
}

/** The factor that brings a gradient of this norm down to `clip`. */
export function clipFactor(norm: number, clip: number): number {
  return Math.min(1, clip / (norm + 1e-6));
}

/** The constants of Adam's kernel at an update, which is counted from 1. */
export function adamConstants(
  update: Required<AdamUpdate>,
  number: number,
): Readonly<Record<"rate" | "correction" | "decay" | "shrink", number>> {
  const { kind, learningRate, beta1, beta2, weightDecay } = update;
  return {
    rate: learningRate / (1 - wholePower(beta1, number)),
    correction: Math.sqrt(1 - wholePower(beta2, number)),
    decay: kind === "adam" ? weightDecay : 0,
    shrink: kind === "adamw" ? 1 - learningRate * weightDecay : 1,
  };
}

/** base^exponent by repeated squaring: `**` may round differently from runtime to runtime. */
function wholePower(base: number, exponent: number): number {
  let power = 1;
  for (let square = base, left = exponent; left > 0; left = Math.floor(left / 2), square *= square) {
    if (left % 2 === 1) power *= square;
  }
  return power;
}

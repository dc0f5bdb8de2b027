/**
 * Optimizers: how a batch's gradient g moves the parameters w, in PyTorch's forms.
 *
 * Before either, with `clip` the gradient of all parameters together is scaled down to that norm where it is longer:
 * g ← g · min(1, clip / (‖g‖ + 1e-6)), as `torch.nn.utils.clip_grad_norm_` does.
 *
 * Weight decay draws weights and biases to 0, as `torch.optim` does, but not the learned constants of neurons: a decay, a threshold
 * or a scale of 0 is not a simpler network, it is another neuron.
 *
 * @module
 */

/** Stochastic gradient descent: g ← g + weightDecay·w; v ← momentum·v + g; w ← w − learningRate·v. */
export interface SgdUpdate {
  /** Which optimizer. @default {"sgd"} */
  readonly kind?: "sgd";
  /** lr, 0 or more. */
  readonly learningRate: number;
  /** m, 0 to less than 1. */
  readonly momentum: number;
  /** λ, 0 or more, of weights and biases. @default {0} */
  readonly weightDecay?: number;
  /** The largest norm of the gradient, above 0. @default {none} */
  readonly clip?: number;
}

/**
 * Adam (Kingma & Ba 2015), at the n-th step:
 *
 *     m ← β₁·m + (1 − β₁)·g;  s ← β₂·s + (1 − β₂)·g²;  w ← w − lr·(m / (1 − β₁ⁿ)) / (√(s / (1 − β₂ⁿ)) + ε)
 *
 * `adam` adds weightDecay·w to g; `adamw` (Loshchilov & Hutter 2019) takes lr·weightDecay·w from w instead.
 */
export interface AdamUpdate {
  /** Which optimizer. */
  readonly kind: "adam" | "adamw";
  /** lr, 0 or more. */
  readonly learningRate: number;
  /** β₁, 0 to less than 1. @default {0.9} */
  readonly beta1?: number;
  /** β₂, 0 to less than 1. @default {0.999} */
  readonly beta2?: number;
  /** ε, above 0. @default {1e-8} */
  readonly epsilon?: number;
  /** λ, 0 or more, of weights and biases. @default {0 for `adam`, 0.01 for `adamw`} */
  readonly weightDecay?: number;
  /** The largest norm of the gradient, above 0. @default {none} */
  readonly clip?: number;
}

/** An optimizer with its constants: how a batch moves the parameters. */
export type Update = SgdUpdate | AdamUpdate;

/** An update whose every constant is said; where nothing is clipped, `clip` is infinite. */
export type CompleteUpdate = Required<SgdUpdate> | Required<AdamUpdate>;

/** Every optimizer, by the name that {@linkcode Step} and the command line have for it. */
export const OPTIMIZERS = ["sgd", "adam", "adamw"] as const;

/** One of {@linkcode OPTIMIZERS}. */
export type OptimizerName = typeof OPTIMIZERS[number];

/** What a constant is where an update does not say it. PyTorch's, but for sgd's learning rate and momentum, the notebook's. */
export const OPTIMIZER_DEFAULTS = {
  sgd: { learningRate: 0.1, momentum: 0.5, weightDecay: 0 },
  adam: { learningRate: 1e-3, beta1: 0.9, beta2: 0.999, epsilon: 1e-8, weightDecay: 0 },
  adamw: { learningRate: 1e-3, beta1: 0.9, beta2: 0.999, epsilon: 1e-8, weightDecay: 0.01 },
} as const;

/** What an optimizer remembers of each parameter, in the order of the engine's memory. */
const MOMENTS = {
  sgd: ["velocity"],
  adam: ["mean", "square"],
  adamw: ["mean", "square"],
} as const satisfies Record<OptimizerName, readonly string[]>;

/** Names of what an optimizer remembers of each parameter, as in `EngineState.moments`. */
export function momentsOf(optimizer: OptimizerName): readonly string[] {
  return MOMENTS[optimizer];
}

/**
 * The optimizer whose moments these are; `adam` stands for `adamw` too, which has the same.
 *
 * @throws {RangeError} when they are no optimizer's; the message names those that there are.
 */
export function optimizerOf(names: Iterable<string>): OptimizerName {
  const found = [...names].sort().join(" and ");
  const optimizer = OPTIMIZERS.find((name) => MOMENTS[name].join(" and ") === found);
  if (optimizer) return optimizer;
  throw new RangeError(
    `the state has ${found === "" ? "no moments" : `the moments ${found}`}: ` +
      "expected velocity (sgd's), or mean and square (adam's and adamw's)",
  );
}

/**
 * Whether an optimizer finds its own moments where another one, or itself, has made some updates; if not, they begin at 0.
 *
 * @throws {RangeError} when they are another optimizer's, and it has made updates.
 */
export function findsMoments(
  kind: OptimizerName,
  before: { readonly kind: OptimizerName; readonly updates: number },
): boolean {
  const [wanted, held] = [kind, before.kind].map((name) => momentsOf(name).join(" and "));
  if (held === wanted) return true;
  if (before.updates === 0) return false;
  throw new RangeError(
    `step.kind: ${kind} goes on from ${wanted}, but after ${before.updates} updates of ${before.kind} the engine has ${held}: ` +
      `go on with ${before.kind}, or set parameters and begin anew`,
  );
}

const RANGES = {
  learningRate: ["0 or more", (value) => value >= 0],
  momentum: ["0 to less than 1", (value) => value >= 0 && value < 1],
  beta1: ["0 to less than 1", (value) => value >= 0 && value < 1],
  beta2: ["0 to less than 1", (value) => value >= 0 && value < 1],
  epsilon: ["above 0", (value) => value > 0],
  weightDecay: ["0 or more", (value) => value >= 0],
} as const satisfies Record<string, readonly [span: string, includes: (value: number) => boolean]>;

/**
 * Fills in what an update leaves out.
 *
 * @throws {RangeError} when a constant is missing or out of its range; the message names both.
 */
export function completeUpdate(update: Update): CompleteUpdate {
  if (typeof update !== "object" || update === null) { // from JavaScript
    throw new RangeError(`step: ${update}, expected an optimizer's constants, such as a learningRate`);
  }
  const { clip = Infinity } = update;
  if (!(clip > 0)) throw new RangeError(`step.clip: ${clip}, expected a number above 0`);
  const complete = completed(update, clip);
  for (const [name, [span, includes]] of Object.entries(RANGES)) {
    const value: unknown = Reflect.get(complete, name);
    const isUsed = Object.hasOwn(OPTIMIZER_DEFAULTS[complete.kind], name);
    if (isUsed && !(typeof value === "number" && Number.isFinite(Math.fround(value)) && includes(value))) {
      throw new RangeError(`step.${name}: ${value}, expected a number, ${span}`);
    }
  }
  return complete;
}

function completed(update: Update, clip: number): CompleteUpdate {
  switch (update.kind) {
    case undefined:
    case "sgd": {
      const { learningRate, momentum, weightDecay = OPTIMIZER_DEFAULTS.sgd.weightDecay } = update;
      return { kind: "sgd", learningRate, momentum, weightDecay, clip };
    }
    case "adam":
    case "adamw":
      return { ...OPTIMIZER_DEFAULTS[update.kind], ...update, clip };
    default:
      throw new RangeError(
        `step.kind: ${Reflect.get(update satisfies never, "kind")}, expected ${OPTIMIZERS.join(" or ")}`,
      );
  }
}

/** What a gradient of this norm is multiplied by, so that it is no longer than `clip`. */
export function clipFactor(norm: number, clip: number): number {
  return Math.min(1, clip / (norm + 1e-6));
}

/** The constants of Adam's kernel at an update, which is counted from 1. */
export function adamConstants(update: Required<AdamUpdate>, number: number): {
  readonly rate: number;
  readonly correction: number;
  readonly decay: number;
  readonly shrink: number;
} {
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

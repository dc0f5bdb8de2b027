/**
 * The notebook's network (docs/networks.md) in jax-js, trained on its WASM backend: the JavaScript program that a user would write instead.
 *
 * The steps are written out and compiled as one function together with the way back (`jit` over `valueAndGrad`), which is
 * how jax-js is fast: it has no loop primitive. Weights lie by input, `[inputs, units]`. jax-js counts references: whatever is
 * used once more is passed as `.ref`.
 *
 * @module
 */
import {
  type Array as Tensor,
  defaultDevice,
  init,
  jit,
  nn,
  numpy as np,
  random,
  valueAndGrad,
} from "@jax-js/jax";

/** The notebook's constants. */
const DECAY = 0.9, THRESHOLD = 2, PENALTY = 2.5, LEARNING_RATE = 0.1, MOMENTUM = 0.5;

/** Sizes of the network and of a batch, which jax-js compiles for. */
export interface JaxSizes {
  readonly inputs: number;
  readonly hidden: number;
  readonly classes: number;
  readonly steps: number;
  readonly batchSize: number;
}

/** Weights, or their velocity. */
type Weights = {
  readonly w1: Tensor;
  readonly b1: Tensor;
  readonly w2: Tensor;
  readonly b2: Tensor;
};

/** A batch in plain arrays: features `[batch, inputs]`, and for each sample its class. */
export interface PlainBatch {
  readonly features: Float32Array<ArrayBuffer>;
  readonly labels: Uint8Array;
}

const NAMES = ["w1", "b1", "w2", "b2"] as const;
/** As the other programs write a layer's weights: `[units, inputs]`. */
export type PlainWeights = Readonly<Record<typeof NAMES[number], Float32Array<ArrayBuffer>>>;

/** The network with its optimiser. */
export class SeedJax {
  readonly #sizes: JaxSizes;
  readonly #step;
  #weights: Weights;
  #velocity: Weights;
  #batches = 0;

  /** Call {@linkcode SeedJax.open} instead. */
  private constructor(sizes: JaxSizes, weights: Weights, draws: "drawn" | "given") {
    this.#sizes = sizes;
    this.#weights = weights;
    const { inputs, hidden, classes } = sizes;
    this.#velocity = {
      w1: np.zeros([inputs, hidden]),
      b1: np.zeros([hidden]),
      w2: np.zeros([hidden, classes]),
      b2: np.zeros([classes]),
    };
    this.#step = jit((weights: Weights, velocity: Weights, x: Tensor, y: Tensor, noise: Tensor) => {
      const [loss, gradients] = valueAndGrad(lossOf(sizes, draws))(copy(weights), x, y, noise);
      const moved: Record<string, Tensor> = {}, faster: Record<string, Tensor> = {};
      for (const name of NAMES) {
        const v = velocity[name].mul(MOMENTUM).add(gradients[name]);
        moved[name] = weights[name].sub(v.ref.mul(LEARNING_RATE));
        faster[name] = v;
      }
      return [moved, faster, loss] as [Weights, Weights, Tensor];
    });
  }

  /**
   * Makes the network.
   *
   * @param draws Whether it draws the encoder's noise itself, or is given it with each batch.
   */
  static async open(sizes: JaxSizes, weights: PlainWeights, draws: "drawn" | "given"): Promise<SeedJax> {
    await init("wasm");
    defaultDevice("wasm");
    const { inputs, hidden, classes } = sizes;
    const byInput = (data: Float32Array<ArrayBuffer>, units: number, width: number) =>
      np.transpose(np.array(data).reshape([units, width]));
    return new SeedJax(sizes, {
      w1: byInput(weights.w1, hidden, inputs),
      b1: np.array(weights.b1),
      w2: byInput(weights.w2, classes, hidden),
      b2: np.array(weights.b2),
    }, draws);
  }

  /** One batch, one step of SGD. @param noise r `[steps, batch, inputs]`, where it is given. @returns The batch's mean loss. */
  async train({ features, labels }: PlainBatch, noise?: Float32Array<ArrayBuffer>): Promise<number> {
    const { inputs, classes, steps, batchSize } = this.#sizes;
    const oneHot = new Float32Array(batchSize * classes);
    labels.forEach((label, sample) => oneHot[sample * classes + label] = 1);
    const [weights, velocity, loss] = this.#step(
      this.#weights,
      this.#velocity,
      np.array(features).reshape([batchSize, inputs]),
      np.array(oneHot).reshape([batchSize, classes]),
      noise ? np.array(noise).reshape([steps, batchSize, inputs]) : random.key(this.#batches),
    );
    this.#weights = weights;
    this.#velocity = velocity;
    this.#batches++;
    const [value] = await loss.data();
    return value!;
  }

  /** A copy of the weights, `[units, inputs]`. */
  async weights(): Promise<PlainWeights> {
    const plain: Partial<Record<typeof NAMES[number], Float32Array<ArrayBuffer>>> = {};
    for (const name of NAMES) {
      plain[name] = Float32Array.from(await np.transpose(this.#weights[name].ref).data());
    }
    return plain as PlainWeights; // every name has been set
  }
}

/** Mean negative log-likelihood of a batch, as a function of the weights. */
function lossOf({ steps, inputs, classes, batchSize }: JaxSizes, draws: "drawn" | "given") {
  return (weights: Weights, x: Tensor, y: Tensor, noise: Tensor): Tensor => {
    const perStep = draws === "drawn" ? random.split(noise, steps) : noise;
    const draw = (t: number) => {
      const own = perStep.ref.slice(t);
      return draws === "drawn" ? random.uniform(own, [batchSize, inputs]) : own;
    };
    const { w1, b1, w2, b2 } = weights;
    let u1: Tensor | undefined, o1: Tensor | undefined, u2: Tensor | undefined;
    let readout = np.zeros([batchSize, classes]);
    for (let t = 0; t < steps; t++) {
      // Each layer hands on the previous step's pair; at the first step that is zero.
      if (u2) readout = readout.add(u2.ref);
      const fromSpikes = o1 ? np.matmul(o1, w2.ref) : np.zeros([batchSize, classes]);
      const [state, output] = neuron(fromSpikes.add(b2.ref), u2);
      output.dispose();
      u2 = state;
      [u1, o1] = neuron(np.matmul(draw(t).mul(x.ref), w1.ref).add(b1.ref), u1);
    }
    for (const rest of [u1, o1, u2, perStep, x, w1, b1, w2, b2]) rest?.dispose();
    const logProbabilities = nn.logSoftmax(readout.div(steps), -1);
    return np.mean(np.sum(logProbabilities.mul(y), -1)).neg();
  };
}

/** u' = I + d·u; o = max(0, u' − θ); g = [o > 0]; u ← u' − (p + o)·g. */
function neuron(current: Tensor, before: Tensor | undefined): [state: Tensor, output: Tensor] {
  const inner = before ? current.add(before.mul(DECAY)) : current;
  const output = nn.relu(inner.ref.sub(THRESHOLD));
  const gate = np.greater(output.ref, 0).astype(np.float32);
  return [inner.sub(output.ref.add(PENALTY).mul(gate)), output];
}

/** The same weights, counted once more each. */
function copy({ w1, b1, w2, b2 }: Weights): Weights {
  return { w1: w1.ref, b1: b1.ref, w2: w2.ref, b2: b2.ref };
}

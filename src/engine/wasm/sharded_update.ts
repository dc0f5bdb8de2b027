/**
 * One thread's share of the optimizer's work: a part of the parameters, moved by the sum of its gradient's shards.
 *
 * Blocks are worked on together, {@linkcode UPDATE_FLOATS} parameters at most, in room of the kernels' memory: so it does not grow
 * with the network.
 *
 * @module
 */
import { adamConstants, type CompleteUpdate } from "../optimizer.ts";
import { type CoreMemory, UPDATE_FLOATS } from "./core_memory.ts";
import type { GradientBlock } from "./gradient_blocks.ts";
import type { Kernels } from "./kernels.ts";
import { constantRanges } from "./layout.ts";

/** A part of the batch's gradient: whole blocks, one after the other. */
export interface GradientPart {
  readonly blocks: readonly GradientBlock[];
  /** The gradient is their sum. */
  readonly shards: readonly Float32Array[];
  /** The parameter that the shards begin at. */
  readonly begin: number;
  /** One entry a block, written: Σ g². */
  readonly squares: Float64Array;
}

/** What moves the parameters of a part. */
export interface Move {
  /** All of them. */
  readonly parameters: Float32Array;
  /** What the optimizer remembers: SGD uses the first, Adam both. */
  readonly moments: readonly [Float32Array, Float32Array];
  readonly update: CompleteUpdate;
  /** Which update of the optimizer this is, from 1. */
  readonly number: number;
  /** What the gradient is multiplied by. */
  readonly factor: number;
}

/** A sum of squares of float32 below this may have lost some. */
const SMALLEST_SQUARE = 1e-25;

/** Sums shards and moves parameters, in an instance of the kernels. */
export class ShardedUpdate {
  readonly #kernels: Kernels;
  /** See {@linkcode CoreMemory.shards}. */
  readonly #room: number;
  readonly #floats: Float32Array;
  /** Where learned constants lie: they do not decay. */
  readonly #constants: readonly (readonly [from: number, to: number])[];

  constructor(kernels: Kernels, { shards, layout }: CoreMemory) {
    this.#constants = constantRanges(layout);
    this.#kernels = kernels;
    this.#room = shards;
    this.#floats = new Float32Array(kernels.memory.buffer);
  }

  /** Sums the shards of a part in their order, and moves its parameters. */
  update(part: GradientPart, move: Move): void {
    this.#sum(part, this.#told, (from, count) => this.#move(from, count, move));
  }

  /** Sums the shards of a part into the first shard, for a norm that is to be used. */
  sumShards(part: GradientPart): void {
    const { shards: [first], begin } = part;
    this.#sum(
      part,
      this.#kernels.sumShards,
      (from, count, gradientsAt) => first!.set(this.#view(gradientsAt, count), from - begin),
    );
  }

  /** A norm that is told and not used: its squares in float32, but where they leave its range. */
  readonly #told: Kernels["sumShards"] = (gradients, count, row, shards) => {
    const square = this.#kernels.addShards(gradients, count, row, shards);
    const isWithin = square > SMALLEST_SQUARE && square < Infinity;
    return isWithin ? square : this.#kernels.sumShards(gradients, count, row, 1);
  };

  /**
   * @param squareOf Sums a block's shards into the first one, and gives its Σ g².
   * @param use What is done with so many parameters' gradient, which lies in the kernels' memory.
   */
  #sum(
    { blocks, shards, begin, squares }: GradientPart,
    squareOf: Kernels["sumShards"],
    use: (from: number, count: number, gradientsAt: number) => void,
  ): void {
    const gradientsAt = this.#gradientsAt;
    for (let next = 0; next < blocks.length;) {
      const first = next, { from } = blocks[first]!;
      while (next < blocks.length && blocks[next]!.to - from <= UPDATE_FLOATS) next++;
      const count = blocks[next - 1]!.to - from;
      shards.forEach((shard, i) => {
        this.#view(gradientsAt + 4 * i * count, count).set(
          shard.subarray(from - begin, from - begin + count),
        );
      });
      for (let i = first; i < next; i++) {
        const { from: at, to } = blocks[i]!;
        squares[i] = squareOf(
          gradientsAt + 4 * (at - from),
          to - at,
          4 * count,
          shards.length,
        );
      }
      use(from, count, gradientsAt);
    }
  }

  #move(
    at: number,
    count: number,
    { parameters, moments: [first, second], update, number, factor }: Move,
  ): void {
    const [w, m, s] = [0, 1, 2].map((row) => this.#view(this.#room + 4 * row * UPDATE_FLOATS, count));
    w!.set(parameters.subarray(at, at + count));
    m!.set(first.subarray(at, at + count));
    s!.set(second.subarray(at, at + count));
    for (const { from, to, decays } of this.#piecesOf(at, at + count)) {
      this.#apply(from - at, to - from, decays ? update : { ...update, weightDecay: 0 }, number, factor);
    }
    parameters.set(w!, at);
    first.set(m!, at);
    second.set(s!, at);
  }

  /** Moves some of the parameters in the room, from its `from`-th on. */
  #apply(from: number, count: number, update: CompleteUpdate, number: number, factor: number): void {
    const k = this.#kernels, gradientsAt = this.#gradientsAt + 4 * from;
    const parametersAt = this.#room + 4 * from;
    const firstAt = parametersAt + 4 * UPDATE_FLOATS, secondAt = firstAt + 4 * UPDATE_FLOATS;
    switch (update.kind) {
      case "sgd":
        // deno-fmt-ignore
        k.sgd(parametersAt, firstAt, gradientsAt, count, 1, factor, update.learningRate, update.momentum,
          update.weightDecay);
        return;
      case "adam":
      case "adamw": {
        const { rate, correction, decay, shrink } = adamConstants(update, number);
        // deno-fmt-ignore
        k.adam(parametersAt, firstAt, secondAt, gradientsAt, count, 1, factor, rate, 1 - update.beta1, update.beta2,
          1 - update.beta2, correction, update.epsilon, decay, shrink);
        return;
      }
      default:
        update satisfies never;
    }
  }

  /** A run of parameters, cut into pieces that decay and pieces that do not. */
  #piecesOf(from: number, to: number): { from: number; to: number; decays: boolean }[] {
    const pieces: { from: number; to: number; decays: boolean }[] = [];
    let at = from;
    const take = (end: number, decays: boolean) => {
      if (end > at) pieces.push({ from: at, to: end, decays });
      at = Math.max(at, end);
    };
    for (const [begin, end] of this.#constants) {
      take(Math.min(begin, to), true);
      take(Math.min(end, to), false);
    }
    take(to, true);
    return pieces;
  }

  /** Where the shards lie, behind the parameters and their moments. */
  get #gradientsAt(): number {
    return this.#room + 3 * 4 * UPDATE_FLOATS;
  }

  #view(at: number, length: number): Float32Array {
    return this.#floats.subarray(at >> 2, (at >> 2) + length);
  }
}

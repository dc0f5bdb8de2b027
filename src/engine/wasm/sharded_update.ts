/**
 * One thread's share of an update: a part of the parameters, and the sum of its gradient's shards.
 *
 * Blocks are processed together, {@linkcode UPDATE_FLOATS} parameters at most, in a buffer of the kernels' memory, whose size does not
 * depend on the network.
 */
import { adamConstants, averageShare, type CompleteUpdate } from "../optimizer.ts";
import { type CoreMemory, UPDATE_FLOATS } from "./core_memory.ts";
import type { GradientBlock } from "./gradient_blocks.ts";
import type { Kernels } from "./kernels.ts";
import { constantRanges } from "./layout.ts";

/** A part of the batch's gradient: whole blocks, one after the other. */
export interface GradientPart {
  readonly blocks: readonly GradientBlock[];
  /** The gradient is their sum. */
  readonly shards: readonly Float32Array[];
  /** The first parameter of the shards. */
  readonly begin: number;
  /** Σ g² of each block; written. */
  readonly squares: Float64Array;
}

/** An update of the parameters of a part. */
export interface Move {
  /** All of the network's. */
  readonly parameters: Float32Array;
  /** SGD uses the first, Adam both. */
  readonly moments: readonly [Float32Array, Float32Array];
  /** The parameters' moving average; written where the update keeps one. */
  readonly average: Float32Array;
  readonly update: CompleteUpdate;
  /** The number of the update, from 1. */
  readonly number: number;
  /** Factor of the gradient. */
  readonly factor: number;
}

/** Below this, a sum of squares in float32 may have lost some. */
const SMALLEST_SQUARE = 1e-25;

/** Sums shards and moves parameters, in an instance of the kernels. */
export class ShardedUpdate {
  readonly #kernels: Kernels;
  /** See {@linkcode CoreMemory.shards}. */
  readonly #room: number;
  readonly #floats: Float32Array;
  /** Ranges of the learned constants, which do not decay. */
  readonly #constants: readonly (readonly [from: number, to: number])[];

  constructor(kernels: Kernels, { shards, layout }: CoreMemory) {
    this.#constants = constantRanges(layout);
    this.#kernels = kernels;
    this.#room = shards;
    this.#floats = new Float32Array(kernels.memory.buffer);
  }

  /** Sums the shards of a part in their order, and updates its parameters. */
  update(part: GradientPart, move: Move): void {
    this.#sum(part, this.#sumForReport, (from, count) => this.#move(from, count, move));
  }

  /** Sums the shards of a part into the first shard, with squares that are exact enough for clipping. */
  sumShards(part: GradientPart): void {
    const { shards: [first], begin } = part;
    this.#sum(
      part,
      this.#kernels.sumShards,
      (from, count, gradientsAt) => first!.set(this.#view(gradientsAt, count), from - begin),
    );
  }

  /** Squares for a norm that is only reported: in float32, unless they leave its range. */
  readonly #sumForReport: Kernels["sumShards"] = (gradients, count, row, shards) => {
    const square = this.#kernels.addShards(gradients, count, row, shards);
    const isWithin = square > SMALLEST_SQUARE && square < Infinity;
    return isWithin ? square : this.#kernels.sumShards(gradients, count, row, 1);
  };

  /**
   * @param squareOf Sums a block's shards into the first one, and returns its Σ g².
   * @param use Uses the gradient of `count` parameters, which lies in the kernels' memory.
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
        const source = shard.subarray(from - begin, from - begin + count);
        this.#view(gradientsAt + 4 * i * count, count).set(source);
      });
      for (let i = first; i < next; i++) {
        const { from: at, to } = blocks[i]!;
        squares[i] = squareOf(gradientsAt + 4 * (at - from), to - at, 4 * count, shards.length);
      }
      use(from, count, gradientsAt);
    }
  }

  #move(at: number, count: number, { parameters, moments, average, update, number, factor }: Move): void {
    const buffers = [parameters, ...moments].map((all, row) => {
      const buffer = this.#view(this.#room + 4 * row * UPDATE_FLOATS, count);
      buffer.set(all.subarray(at, at + count));
      return { all, buffer };
    });
    for (const { from, to, decays } of this.#piecesOf(at, at + count)) {
      this.#apply(from - at, to - from, decays ? update : { ...update, weightDecay: 0 }, number, factor);
    }
    for (const { all, buffer } of buffers) all.set(buffer, at);
    if (update.ema > 0) this.#average(average.subarray(at, at + count), averageShare(update, number));
  }

  /**
   * Moves an average towards the parameters in the buffer; at a share of 1 it begins there. It takes the gradient's room, for the
   * gradient has been used.
   */
  #average(average: Float32Array, share: number): void {
    const count = average.length, at = this.#gradientsAt, buffer = this.#view(at, count);
    buffer.set(share === 1 ? this.#view(this.#room, count) : average);
    this.#kernels.average(at, this.#room, count, share);
    average.set(buffer);
  }

  /** Updates `count` parameters in the buffer, from its `from`-th on. */
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

  /** Address of the shards, behind the parameters and their moments. */
  get #gradientsAt(): number {
    return this.#room + 3 * 4 * UPDATE_FLOATS;
  }

  #view(at: number, length: number): Float32Array {
    return this.#floats.subarray(at >> 2, (at >> 2) + length);
  }
}

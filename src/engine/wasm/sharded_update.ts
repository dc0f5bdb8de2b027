/**
 * One thread's share of the optimiser's work: a part of the parameters, moved by the sum of its gradient's shards.
 *
 * Parts are worked on {@linkcode UPDATE_FLOATS} parameters at a time, in room of the kernels' memory: so it does not grow with the
 * network.
 *
 * @module
 */
import { adamConstants, type CompleteStep } from "../optimiser.ts";
import { type CoreMemory, NORM_FLOATS, UPDATE_FLOATS } from "./core_memory.ts";
import type { Kernels } from "./kernels.ts";

/** A part of the flat parameters, in floats, and what moves it. */
export interface UpdatePart {
  readonly from: number;
  readonly to: number;
  /** The batch's gradient is their sum. */
  readonly shards: readonly Float32Array[];
  readonly parameters: Float32Array;
  /** What the optimiser remembers: SGD uses the first, Adam both. */
  readonly moments: readonly [Float32Array, Float32Array];
  readonly step: CompleteStep;
  /** Which step of the optimiser this is, from 1. */
  readonly number: number;
  /** What the gradient is multiplied by. */
  readonly factor: number;
}

/** Sums shards and moves parameters, in an instance of the kernels. */
export class ShardedUpdate {
  readonly #kernels: Kernels;
  /** See {@linkcode CoreMemory.shards}. */
  readonly #room: number;
  readonly #floats: Float32Array;

  constructor(kernels: Kernels, { shards }: CoreMemory) {
    this.#kernels = kernels;
    this.#room = shards;
    this.#floats = new Float32Array(kernels.memory.buffer);
  }

  /** Sums the shards of a part of the parameters in their order, and moves the part. */
  update({ from, to, shards, parameters, moments: [first, second], step, number, factor }: UpdatePart): void {
    const k = this.#kernels;
    const parametersAt = this.#room;
    const firstAt = parametersAt + 4 * UPDATE_FLOATS, secondAt = firstAt + 4 * UPDATE_FLOATS;
    const gradientsAt = secondAt + 4 * UPDATE_FLOATS;
    for (let at = from; at < to; at += UPDATE_FLOATS) {
      const count = Math.min(UPDATE_FLOATS, to - at);
      const w = this.#view(parametersAt, count), m = this.#view(firstAt, count);
      w.set(parameters.subarray(at, at + count));
      m.set(first.subarray(at, at + count));
      this.#takeShards(shards, at, count, gradientsAt);
      switch (step.kind) {
        case "sgd":
          // deno-fmt-ignore
          k.sgd(parametersAt, firstAt, gradientsAt, count, shards.length, factor, step.learningRate, step.momentum,
            step.weightDecay);
          break;
        case "adam":
        case "adamw": {
          const s = this.#view(secondAt, count),
            { rate, correction, decay, shrink } = adamConstants(step, number);
          s.set(second.subarray(at, at + count));
          // deno-fmt-ignore
          k.adam(parametersAt, firstAt, secondAt, gradientsAt, count, shards.length, factor, rate, 1 - step.beta1,
            step.beta2, 1 - step.beta2, correction, step.epsilon, decay, shrink);
          second.set(s, at);
          break;
        }
        default:
          step satisfies never;
      }
      parameters.set(w, at);
      first.set(m, at);
    }
  }

  /**
   * Sums the shards of a part of the parameters into the first shard.
   *
   * @param from A multiple of {@linkcode NORM_FLOATS}.
   * @param squares One entry for each so many parameters, written: Σ g² over them.
   */
  sumShards(from: number, to: number, shards: readonly Float32Array[], squares: Float64Array): void {
    const gradientsAt = this.#room;
    for (let at = from; at < to; at += NORM_FLOATS) {
      const count = Math.min(NORM_FLOATS, to - at);
      this.#takeShards(shards, at, count, gradientsAt);
      squares[at / NORM_FLOATS] = this.#kernels.sumShards(gradientsAt, count, shards.length);
      shards[0]!.set(this.#view(gradientsAt, count), at);
    }
  }

  #takeShards(shards: readonly Float32Array[], from: number, count: number, to: number): void {
    shards.forEach((shard, i) => {
      this.#view(to + 4 * i * count, count).set(shard.subarray(from, from + count));
    });
  }

  #view(at: number, length: number): Float32Array {
    return this.#floats.subarray(at >> 2, (at >> 2) + length);
  }
}

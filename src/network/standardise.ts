/**
 * Standardised features: x' = (x − mean_c) / deviation_c, of a pixel's byte / 255 or of a number as it is.
 *
 * Computed in float64 and rounded to float32 once. Every engine takes its features from here, so that all have the same bits.
 */
import type { Encoder, Standardisation } from "./encoders.ts";
import { type Shape, sizeOf } from "./shape.ts";

/** An input whose features may be standardised. */
export interface StandardisedInput {
  /** Of the inputs at a step. */
  readonly shape: Shape;
  /** Has the means and deviations. */
  readonly encoder: Encoder;
}

/** The means and deviations of an encoder; undefined where it leaves features as they are. */
export function standardisationOf(encoder: Encoder): Standardisation | undefined {
  if (encoder.kind !== "constant" && encoder.kind !== "direct") return undefined;
  return encoder.mean || encoder.deviation ? encoder : undefined;
}

/** What standardises an input's features; undefined where its encoder leaves them as they are. */
export function standardiserOf(input: StandardisedInput): Standardiser | undefined {
  const constants = standardisationOf(input.encoder);
  return constants && new Standardiser(input.shape, constants);
}

/** Standardises rows of features: a sample's, or a step's of a sequence. */
export class Standardiser {
  /** One a channel, or one for all. */
  readonly #means: Float64Array;
  readonly #deviations: Float64Array;
  /** Features of a channel. */
  readonly #positions: number;

  /** For inputs of a shape. */
  constructor(shape: Shape, { mean = [0], deviation = [1] }: Standardisation) {
    const channels = Math.max(mean.length, deviation.length);
    const all = (numbers: readonly number[]) =>
      numbers.length === channels ? Float64Array.from(numbers) : new Float64Array(channels).fill(numbers[0]!);
    this.#means = all(mean);
    this.#deviations = all(deviation);
    this.#positions = sizeOf(shape) / channels;
  }

  /**
   * Writes the standardised features of a row.
   *
   * @param features From `from` on as many as the input's shape has, channel after channel.
   * @param unit What a feature of 1 is among them: 255 where they are pixels, else 1.
   * @param to Where the row begins in `into`.
   */
  row(features: Uint8Array | Float32Array, from: number, unit: number, into: Float32Array, to: number): void {
    const means = this.#means, deviations = this.#deviations, positions = this.#positions;
    for (let channel = 0; channel < means.length; channel++) {
      const mean = means[channel]!, deviation = deviations[channel]!;
      for (const end = from + positions; from < end; from++, to++) {
        into[to] = (features[from]! / unit - mean) / deviation;
      }
    }
  }
}

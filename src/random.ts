/**
 * Counter-based randomness: every random number is a pure function of a key and a counter.
 *
 * A {@linkcode DrawKey} is a hash of (seed, stream, epoch, sample); a draw is a hash of the key and a counter. asm/random.ts has
 * the same hash for four counters at a time, and every engine gives the same bits.
 */
import { OptionError } from "./errors.ts";
import { checkWhole } from "./misuse.ts";

/** The streams of draws, one for each use of random numbers. */
export const STREAM = {
  training: 1,
  evaluation: 2,
  shuffle: 3,
  weights: 4,
  validation: 5,
  classification: 6,
  augmentation: 7,
  /** Of an operator that draws, if it is the first node; if it is the n-th one, 16·(n − 1) more. */
  operators: 8,
} as const;

/** A 64-bit hash of (seed, stream, epoch, sample). */
export interface DrawKey {
  /** Added to the counter. */
  readonly key0: number;
  /** Mixed in between the hash's two rounds. */
  readonly key1: number;
}

/** Two rounds of multiply and xor-shift over 32 bits ("lowbias32", C. Wellons 2018). */
function mix(z: number): number {
  z ^= z >>> 16;
  z = Math.imul(z, 0x7feb352d);
  z ^= z >>> 15;
  z = Math.imul(z, 0x846ca68b);
  return z ^ (z >>> 16);
}

/** A hash of words, begun with `salt`; it depends on the low 32 bits and the place of each word. */
function hashWords(words: ArrayLike<number>, salt: number): number {
  let hash = salt;
  for (let i = 0; i < words.length; i++) hash = mix((hash ^ words[i]!) + 0x9e3779b9 | 0);
  return hash;
}

/**
 * The key of one stream of draws.
 *
 * @param seed An integer, 0 to 2^53 − 1.
 * @param stream One of {@linkcode STREAM}.
 * @param epoch The pass over the data, or the tensor's number.
 * @param sample The sample's index in its data set.
 */
export function drawKey(seed: number, stream: number, epoch: number, sample: number): DrawKey {
  const words = [...wordsOf(seed), stream, epoch, sample];
  return { key0: hashWords(words, 0x243f6a88), key1: hashWords(words, 0x13198a2e) };
}

/**
 * The id of a sample without an index, in its draws: a 32-bit hash of its content. So the same sample gets the same noise on every
 * machine and in every batch.
 *
 * @param features The sample's bytes or numbers, all of whose bits count.
 * @param seed An integer, 0 to 2^53 − 1; the noise depends on it.
 * @throws {OptionError} when the seed is none, or the features are no bytes or numbers.
 *
 * @example
 * ```ts
 * import { contentId } from "@spikelet/spikelet";
 *
 * console.log(contentId(Uint8Array.of(0, 255), 0) === contentId(Uint8Array.of(0, 255), 0)); // true
 * ```
 */
export function contentId(features: Uint8Array | Float32Array, seed: number): number {
  checkWhole("seed", seed, 0);
  if (!(features instanceof Uint8Array || features instanceof Float32Array)) { // from JavaScript
    throw new OptionError("features: expected a Uint8Array or a Float32Array");
  }
  const words = features instanceof Uint8Array ? features : new Uint32Array(features.slice().buffer);
  return hashWords(words, hashWords(wordsOf(seed), 0x13198a2e)) >>> 0;
}

/** A seed as two words. */
function wordsOf(seed: number): [low: number, high: number] {
  return [seed | 0, Math.floor(seed / 0x100000000)];
}

/** 32 random bits for a counter, as an integer from 0 to 2³² − 1. */
export function randomBits({ key0, key1 }: DrawKey, counter: number): number {
  let z = (counter + key0) | 0;
  z ^= z >>> 16;
  z = Math.imul(z, 0x7feb352d);
  z ^= key1;
  z ^= z >>> 15;
  z = Math.imul(z, 0x846ca68b);
  return (z ^ (z >>> 16)) >>> 0;
}

/**
 * The noise encoder's draw r for a step and an input: (v + ½) / 2¹⁶ with 16 random bits v.
 *
 * @example
 * ```ts
 * import { draw, drawKey, STREAM } from "@spikelet/spikelet";
 *
 * const key = drawKey(0, STREAM.training, 1, 42);
 * const r = draw(key, 3, 100);
 * console.log(r > 0 && r < 1); // true
 * ```
 */
export function draw(key: DrawKey, step: number, input: number): number {
  const bits = randomBits(key, (step << 16) + (input >>> 1));
  return ((input & 1 ? bits >>> 16 : bits & 0xffff) + 0.5) / 65536;
}

/**
 * The noise encoder's draw for the product in integers: (v + 128½) / 256 with 8 random bits v, as a signed byte.
 *
 * @example
 * ```ts
 * import { draw8, drawKey, STREAM } from "@spikelet/spikelet";
 *
 * console.log(draw8(drawKey(0, STREAM.training, 1, 42), 3, 100) > 0); // true
 * ```
 */
export function draw8(key: DrawKey, step: number, input: number): number {
  const bits = randomBits(key, (step << 16) + (input >>> 2));
  return ((bits >>> (8 * (input & 3)) << 24 >> 24) + 128.5) / 256;
}

/** A uniform number in [0, 1) with 32 random bits. */
export function uniform(key: DrawKey, counter: number): number {
  return randomBits(key, counter) / 0x100000000;
}

/**
 * The order of an epoch: a permutation of 0 … count − 1 that is a pure function of (seed, epoch).
 *
 * @throws {OptionError} when one of them is no whole number, 0 or more.
 *
 * @example
 * ```ts
 * import { shuffledOrder } from "@spikelet/spikelet";
 *
 * console.log(shuffledOrder(5, 0, 1).length); // 5
 * ```
 */
export function shuffledOrder(count: number, seed: number, epoch: number): Uint32Array {
  checkWhole("count", count, 0);
  checkWhole("seed", seed, 0);
  checkWhole("epoch", epoch, 0);
  const order = Uint32Array.from({ length: count }, (_, i) => i);
  const key = drawKey(seed, STREAM.shuffle, epoch, 0);
  for (let i = count - 1; i > 0; i--) {
    const j = Math.floor(uniform(key, i) * (i + 1));
    const swapped = order[i]!;
    order[i] = order[j]!;
    order[j] = swapped;
  }
  return order;
}

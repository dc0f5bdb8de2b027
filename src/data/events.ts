/**
 * Sequences in which few numbers are not 0, as events: a recording of 700 channels over 100 steps with a spike in fifty is 4 KB instead
 * of 280.
 */
import { sharedBuffer } from "./shared_memory.ts";

/** Features of sequences of T steps by their numbers that are not 0, sample by sample, step by step, channels ascending. */
export interface Events {
  /** Events before the end of each step, `[count · T]`: step t of sample i has those from entry `i·T + t − 1` up to entry `i·T + t`. */
  readonly ends: Uint32Array;
  /** The channel of each event. */
  readonly channels: Uint16Array | Uint32Array;
  /** The number of each event. Bytes are numbers, never pixels. @default {all are 1} */
  readonly values?: Uint8Array | Float32Array;
}

/** All numbers of samples, one after the other. */
export type DenseFeatures = Uint8Array | Float32Array;

/** What the features of samples can be kept as. */
export type AnyFeatures = DenseFeatures | Events;

/** Whether features are events. */
export function areEvents(features: AnyFeatures): features is Events {
  return !ArrayBuffer.isView(features);
}

/** Numbers from bytes, as they are or as events. */
export function areBytes(features: AnyFeatures): boolean {
  return areEvents(features) ? features.values instanceof Uint8Array : features instanceof Uint8Array;
}

/** The events of a sample. @returns The first one's place, and the place behind the last one. */
export function eventsOf(
  { ends }: Events,
  steps: number,
  sample: number,
): readonly [from: number, to: number] {
  const first = sample * steps;
  return [first === 0 ? 0 : ends[first - 1]!, ends[first + steps - 1]!];
}

/**
 * A sample's numbers, those that are 0 included.
 *
 * @param into `[steps · channels]`, written.
 */
export function spreadEvents<Numbers extends Uint8Array | Float32Array>(
  { ends, channels, values }: Events,
  steps: number,
  sample: number,
  into: Numbers,
): Numbers {
  const row = into.length / steps, first = sample * steps;
  let at = first === 0 ? 0 : ends[first - 1]!;
  into.fill(0);
  for (let step = 0; step < steps; step++) {
    for (; at < ends[first + step]!; at++) into[step * row + channels[at]!] = values ? values[at]! : 1;
  }
  return into;
}

/** Collects events sample by sample, in memory that grows with them and that threads can share. */
export class EventCollector {
  readonly #ends: Uint32Array;
  readonly #isWide: boolean;
  readonly #bytes: boolean;
  #channels: Uint16Array | Uint32Array;
  #values: Uint8Array | Float32Array;
  #steps = 0;
  #length = 0;
  #areOnes = true;

  /**
   * Begins without events.
   *
   * @param steps Of all samples together.
   * @param channels Of a step.
   * @param bytes Numbers are bytes, and stay so.
   */
  constructor(steps: number, channels: number, bytes: boolean) {
    this.#ends = new Uint32Array(sharedBuffer(4 * steps));
    this.#isWide = channels > 65_536;
    this.#bytes = bytes;
    this.#channels = this.#newChannels(1024);
    this.#values = this.#newValues(1024);
  }

  /** Events so far. */
  get length(): number {
    return this.#length;
  }

  /**
   * Adds the steps of some numbers, `[…][channels]`, where those before end.
   *
   * @returns The place of the first number that float32 has no finite number for; −1 where there is none.
   */
  add(numbers: ArrayLike<number>, channels: number): number {
    for (let at = 0; at < numbers.length;) {
      if (this.#channels.length < this.#length + channels) this.#grow(2 * this.#length + channels);
      for (let channel = 0; channel < channels; channel++, at++) {
        const value = numbers[at]!;
        if (value === 0) continue;
        if (!Number.isFinite(value) || !Number.isFinite(Math.fround(value))) return at;
        if (value !== 1) this.#areOnes = false;
        this.#channels[this.#length] = channel;
        this.#values[this.#length++] = value;
      }
      this.#ends[this.#steps++] = this.#length;
    }
    return -1;
  }

  /** Adds steps without events. */
  addEmpty(steps: number): void {
    this.#ends.fill(this.#length, this.#steps, this.#steps += steps);
  }

  /** All of them. */
  events(): Events {
    const channels = this.#newChannels(this.#length);
    channels.set(this.#channels.subarray(0, this.#length));
    if (this.#areOnes && !this.#bytes) return { ends: this.#ends, channels };
    const values = this.#newValues(this.#length);
    values.set(this.#values.subarray(0, this.#length));
    return { ends: this.#ends, channels, values };
  }

  #grow(length: number): void {
    const channels = this.#newChannels(length), values = this.#newValues(length);
    channels.set(this.#channels.subarray(0, this.#length));
    values.set(this.#values.subarray(0, this.#length));
    this.#channels = channels;
    this.#values = values;
  }

  #newChannels(length: number): Uint16Array | Uint32Array {
    return this.#isWide
      ? new Uint32Array(sharedBuffer(4 * length))
      : new Uint16Array(sharedBuffer(2 * length));
  }

  #newValues(length: number): Uint8Array | Float32Array {
    return this.#bytes ? new Uint8Array(sharedBuffer(length)) : new Float32Array(sharedBuffer(4 * length));
  }
}

/** The same events of sequences that are padded to another number of steps: T of the samples becomes `steps`. */
export function refitEvents(events: Events, count: number, from: number, steps: number): Events {
  const ends = new Uint32Array(sharedBuffer(4 * count * steps));
  for (let sample = 0; sample < count; sample++) {
    const [, last] = eventsOf(events, from, sample), kept = Math.min(from, steps);
    ends.set(events.ends.subarray(sample * from, sample * from + kept), sample * steps);
    ends.fill(last, sample * steps + kept, (sample + 1) * steps);
  }
  return { ...events, ends };
}

/** Whether two data sets have the same numbers, kept the same way. */
export function sameFeatures(one: AnyFeatures, other: AnyFeatures): boolean {
  if (!areEvents(one) && !areEvents(other)) return sameNumbers(one, other);
  return areEvents(one) && areEvents(other) && sameNumbers(one.ends, other.ends) &&
    sameNumbers(one.channels, other.channels) && sameNumbers(one.values ?? [], other.values ?? []);
}

function sameNumbers(one: ArrayLike<number>, other: ArrayLike<number>): boolean {
  if (one.length !== other.length) return false;
  for (let i = 0; i < one.length; i++) if (one[i] !== other[i]) return false;
  return true;
}

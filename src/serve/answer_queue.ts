/**
 * A bounded queue in front of an engine with threads: the event loop stays free, and no request waits behind a long one.
 *
 * Batches are made of what is waiting, some samples of each request in turn. The engine works on one batch while the next
 * is with it already.
 *
 * @module
 */
import { type Answer, answerOf } from "../classify/classifier.ts";
import type { Samples } from "../data/samples.ts";
import type { Engine } from "../engine/engine.ts";
import { classesOf, type NetworkSpec, sampleSize } from "../network/spec.ts";
import { PURPOSE } from "../random.ts";
import type { Answering, Asked } from "./answering.ts";
import { overloaded } from "./refusal.ts";

/** The most samples of a batch. */
export const BATCH = 64;
/** And of one request in a batch where others wait. */
const SHARE = 16;
/** Batches that are with the engine at a time: the one in work and the next. */
const BATCHES = 2;

/** Room for the samples of a batch, which all threads see; made when first needed. */
interface Room {
  bytes?: Samples;
  floats?: Samples;
}

/** A request in the queue. */
interface Waiting {
  readonly asked: Asked;
  readonly answers: Answer[];
  /** Samples that have been handed to the engine. */
  begun: number;
  /** Samples without an answer. */
  left: number;
  readonly finish: (answers: Answer[]) => void;
  readonly fail: (error: unknown) => void;
  isGone: boolean;
}

/** Samples of a request that go into a batch. */
interface Part {
  readonly request: Waiting;
  readonly from: number;
  readonly to: number;
}

/** Answers by an engine of the same network that has its weights, was made with seed 0 and takes batches of {@linkcode BATCH}. */
export class AnswerQueue implements Answering {
  readonly #engine: Engine;
  readonly #spec: NetworkSpec;
  readonly #most: number;
  readonly #size: number;
  readonly #requests: Waiting[] = [];
  /** Rooms whose batches have been answered. */
  readonly #free: Room[] = Array.from({ length: BATCHES }, () => ({}));
  #waiting = 0;
  /** Of the last batches, to tell for how long to stay away. */
  #secondsPerSample = 0;

  /** @param most Samples that may be waiting before more are refused. */
  constructor(engine: Engine, spec: NetworkSpec, most: number) {
    this.#engine = engine;
    this.#spec = spec;
    this.#most = most;
    this.#size = sampleSize(spec);
  }

  get waiting(): number {
    return this.#waiting;
  }

  checkRoom(): void {
    if (this.#waiting < this.#most) return;
    throw overloaded(Math.max(1, Math.ceil(this.#waiting * this.#secondsPerSample)));
  }

  async answer(asked: Asked, signal?: AbortSignal): Promise<Answer[]> {
    this.checkRoom();
    signal?.throwIfAborted();
    const { promise, resolve, reject } = Promise.withResolvers<Answer[]>();
    const request: Waiting = {
      asked,
      answers: new Array(asked.count),
      begun: 0,
      left: asked.count,
      finish: resolve,
      fail: reject,
      isGone: false,
    };
    const leave = () => this.#leave(request, signal?.reason);
    signal?.addEventListener("abort", leave);
    this.#waiting += asked.count;
    this.#requests.push(request);
    this.#pump();
    try {
      return await promise;
    } finally {
      signal?.removeEventListener("abort", leave);
    }
  }

  /** Takes a request out, except for the samples that are with the engine. */
  #leave(request: Waiting, reason: unknown): void {
    if (request.isGone) return;
    request.isGone = true;
    this.#waiting -= request.asked.count - request.begun;
    const at = this.#requests.indexOf(request);
    if (at >= 0) this.#requests.splice(at, 1);
    request.fail(reason);
  }

  /** Hands batches to the engine while it takes more and there are any. */
  #pump(): void {
    while (this.#free.length > 0 && this.#requests.length > 0) {
      const room = this.#free.pop()!;
      this.#run(room, this.#nextBatch()).finally(() => {
        this.#free.push(room);
        this.#pump();
      });
    }
  }

  /** Some samples of each request in turn, all of one kind; a request that has more goes to the end of the queue. */
  #nextBatch(): Part[] {
    const parts: Part[] = [];
    const areBytes = this.#requests[0]!.asked.features instanceof Uint8Array;
    const share = this.#requests.length === 1 ? BATCH : SHARE;
    let room = BATCH;
    for (let turns = this.#requests.length; turns > 0 && room > 0; turns--) {
      const request = this.#requests.shift()!;
      const { asked: { features, count } } = request;
      if (features instanceof Uint8Array === areBytes) {
        const from = request.begun, to = Math.min(count, from + Math.min(room, share));
        request.begun = to;
        room -= to - from;
        parts.push({ request, from, to });
      }
      if (request.begun < count) this.#requests.push(request);
    }
    return parts;
  }

  async #run(room: Room, parts: readonly Part[]): Promise<void> {
    const total = parts.reduce((sum, { from, to }) => sum + to - from, 0);
    const started = performance.now();
    try {
      const numbers = BATCH * this.#size;
      const samples = parts[0]!.request.asked.features instanceof Uint8Array
        ? room.bytes ??= this.#room(new Uint8Array(new SharedArrayBuffer(numbers)))
        : room.floats ??= this.#room(new Float32Array(new SharedArrayBuffer(4 * numbers)));
      let at = 0;
      for (const { request: { asked }, from, to } of parts) {
        samples.features.set(asked.features.subarray(from * this.#size, to * this.#size), at * this.#size);
        samples.ids!.set(asked.ids.subarray(from, to), at);
        at += to - from;
      }
      const { logits, predictions, spikes } = await this.#engine.classify({
        samples,
        indices: Uint32Array.from({ length: total }, (_, i) => i),
        purpose: PURPOSE.classification,
        epoch: 0,
      });
      const classes = classesOf(this.#spec);
      let i = 0;
      for (const { request, from, to } of parts) {
        for (let sample = from; sample < to; sample++, i++) {
          request.answers[sample] = answerOf(
            logits.subarray(i * classes, (i + 1) * classes),
            predictions[i]!,
            spikes[i]!,
          );
        }
        request.left -= to - from;
        if (request.left === 0) request.finish(request.answers);
      }
    } catch (error) {
      for (const { request } of parts) this.#leave(request, error);
    } finally {
      this.#waiting -= total;
      const seconds = (performance.now() - started) / 1000 / total;
      this.#secondsPerSample += 0.1 * (seconds - this.#secondsPerSample);
    }
  }

  #room(features: Uint8Array | Float32Array): Samples {
    return {
      name: "requests",
      count: BATCH,
      size: this.#size,
      features,
      labels: new Uint8Array(new SharedArrayBuffer(BATCH)),
      ids: new Uint32Array(new SharedArrayBuffer(4 * BATCH)),
    };
  }
}

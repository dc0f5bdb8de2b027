/** `POST /classify`: from a body to answers. */
import type { Context } from "hono";
import type { Answer, SampleForm } from "../classify/classifier.ts";
import { type Ink, INKS } from "../data/picture.ts";
import type { PictureSize } from "../data/samples.ts";
import { contentId } from "../random.ts";
import type { Answering } from "./answering.ts";
import type { RequestSamples } from "./request_samples.ts";
import type { Bodies } from "./bodies.ts";
import { readSamples, typeOf } from "./request_body.ts";
import { Refusal } from "./refusal.ts";
import { quotedValue } from "../text/one_line.ts";

/** A seed, or `random`: other draws at every request. */
export type Seed = number | "random";

/** Options of the route. */
export interface ClassifyOptions {
  readonly form: SampleForm;
  /** Of pictures; `undefined` where the network takes none. */
  readonly picture: PictureSize | undefined;
  readonly answering: Answering;
  readonly bodies: Bodies;
  /** Seed of the noise where a request names none. */
  readonly seed: Seed;
}

/**
 * Answers a request.
 *
 * @returns An answer for each sample, and whether they are to be sent as a list.
 * @throws {Refusal} when it is not answered.
 * @throws {InputError} when a picture is damaged.
 */
export async function classify(
  context: Context,
  { form, picture, answering, bodies, seed: fallback }: ClassifyOptions,
): Promise<{ readonly answers: readonly Answer[]; readonly many: boolean }> {
  const { seed, ink } = readQuery(context, fallback);
  const request = context.req.raw;
  const type = typeOf(request.headers), contentType = request.headers.get("content-type") ?? "";
  answering.checkRoom();
  return await bodies.with(request, async (body) => {
    // Nothing is awaited from here to the first answers, so each request is counted before the next is checked.
    answering.checkRoom();
    const started = performance.now();
    let read: RequestSamples;
    try {
      read = readSamples(body, type, { contentType, form, picture, ink });
    } finally {
      answering.count(performance.now() - started); // a refused body costs time, too
    }
    const answers = await answering.answer({ ...read, ids: idsOf(read, seed) }, request.signal);
    checkFinite(answers);
    return { answers, many: read.many };
  });
}

/** JSON has no numbers that are not finite: it would have null in their place. */
function checkFinite(answers: readonly Answer[]): void {
  const i = answers.findIndex(({ probabilities }) => !probabilities.every(Number.isFinite));
  if (i < 0) return;
  const fault = "the network's sums are not finite, so there is no answer";
  throw new Refusal(422, `sample ${i}: ${fault}: expected numbers as it was trained on`);
}

/** Checks the parameters of the address: `seed` and `ink`. */
function readQuery(context: Context, fallback: Seed): { seed: Seed; ink: Ink } {
  const query = context.req.query();
  const unknown = Object.keys(query).find((key) => key !== "seed" && key !== "ink");
  if (unknown !== undefined) {
    throw new Refusal(400, `parameter ${quotedValue(unknown, 60)}: expected seed or ink`);
  }
  const ink = INKS.find((ink) => ink === (query.ink ?? "auto"));
  if (!ink) throw new Refusal(400, `ink ${quotedValue(query.ink ?? "", 60)}: expected ${INKS.join(", ")}`);
  return { ink, seed: query.seed === undefined ? fallback : parseSeed(query.seed) };
}

function parseSeed(text: string): Seed {
  if (text === "random") return text;
  const seed = /^\d{1,16}$/.test(text) ? Number(text) : NaN;
  if (Number.isSafeInteger(seed)) return seed;
  throw new Refusal(400, `seed ${quotedValue(text, 60)}: expected a whole number, 0 to 2^53 - 1, or random`);
}

/** The keys of the samples' draws. */
function idsOf({ samples }: RequestSamples, seed: Seed): Uint32Array {
  const count = samples.length;
  if (seed !== "random") return Uint32Array.from(samples, ({ features }) => contentId(features, seed));
  const ids = new Uint32Array(count);
  for (let at = 0; at < count; at += 16_384) crypto.getRandomValues(ids.subarray(at, at + 16_384)); // 64 KiB at a time
  return ids;
}

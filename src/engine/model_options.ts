/** The options in a model's metadata with which its network was trained. */
import type { ByteMeaning } from "../data/samples.ts";
import { sampleFormOf } from "../network/encoders.ts";
import type { Model } from "../network/model_file.ts";
import type { Precision } from "./wasm/precision.ts";

/** The seed of a model's training; 0 where its metadata have none. */
export function seedOf({ metadata }: Model): number {
  const seed = Number(metadata.seed ?? 0);
  return Number.isSafeInteger(seed) && seed >= 0 ? seed : 0;
}

/** What bytes mean to a model: the metadata's `bytes`, else numbers where its samples are sequences, and pixels where not. */
export function bytesOfModel({ spec, metadata }: Pick<Model, "spec" | "metadata">): ByteMeaning {
  const { bytes } = metadata;
  if (bytes === "pixels" || bytes === "numbers") return bytes;
  return sampleFormOf(spec).isSequence ? "numbers" : "pixels";
}

/** The precision of a model's training; float32 where its metadata have none. */
export function precisionOf({ metadata }: Model): Precision {
  return metadata.precision === "i16" ? "i16" : "f32";
}

/**
 * What a model file says of how its network was run: to run it so again.
 *
 * @module
 */
import type { ByteMeaning } from "../data/samples.ts";
import { sampleFormOf } from "../network/encoders.ts";
import type { Model } from "../network/model_file.ts";
import type { Precision } from "./wasm/precision.ts";

/** The seed that a model says it was trained with; 0 where it says none. */
export function seedOf({ metadata }: Model): number {
  const seed = Number(metadata.seed ?? 0);
  return Number.isSafeInteger(seed) && seed >= 0 ? seed : 0;
}

/**
 * What bytes stand for that a model is shown: what its metadata say they stood for as it learned (`bytes`), or else numbers where
 * its samples are sequences, and pixels where they are not.
 */
export function bytesOfModel({ spec, metadata }: Pick<Model, "spec" | "metadata">): ByteMeaning {
  const { bytes } = metadata;
  if (bytes === "pixels" || bytes === "numbers") return bytes;
  return sampleFormOf(spec).isSequence ? "numbers" : "pixels";
}

/** What a model says it was trained in; float32 where it says nothing. */
export function precisionOf({ metadata }: Model): Precision {
  return metadata.precision === "i16" ? "i16" : "f32";
}

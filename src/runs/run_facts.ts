/** Run metadata in a checkpoint, besides the training progress: options, engine and data set. */
import process from "node:process";
import * as v from "valibot";
import type { Samples } from "../data/samples.ts";
import type { Checkpoint } from "../training/checkpoint.ts";

/** Run metadata of a checkpoint. */
export interface RunFacts {
  /** Options, as written by `recordOptions`. */
  readonly options: unknown;
  /** Metadata of the model file. */
  readonly seed: number;
  readonly precision: string;
  readonly versions: { readonly spikelet: string; readonly deno: string; readonly kernels: string };
  /** Fingerprint of the training set. */
  readonly data: { readonly samples: number; readonly labelsSha256: string };
  /** Peak memory over all sessions. */
  readonly peakRssMiB: number;
}

const json = v.pipe(v.string(), v.parseJson());
const facts = v.object({
  options: json,
  seed: v.pipe(json, v.number()),
  precision: v.string(),
  versions: v.pipe(json, v.object({ spikelet: v.string(), deno: v.string(), kernels: v.string() })),
  data: v.pipe(json, v.object({ samples: v.number(), labelsSha256: v.string() })),
  peakRssMiB: v.pipe(json, v.number()),
});

/** Encodes facts as a checkpoint's metadata. */
export function encodeFacts(
  { options, seed, precision, versions, data, peakRssMiB }: RunFacts,
): Record<string, string> {
  return {
    options: JSON.stringify(options),
    seed: String(seed),
    precision,
    versions: JSON.stringify(versions),
    data: JSON.stringify(data),
    peakRssMiB: String(peakRssMiB),
  };
}

/** Decodes facts from a checkpoint's metadata; `undefined` where no run wrote them. */
export function decodeFacts({ metadata }: Checkpoint): RunFacts | undefined {
  const parsed = v.safeParse(facts, metadata);
  return parsed.success ? parsed.output : undefined;
}

/** Fingerprint of a training set: the number of samples, and their classes in order. */
export async function fingerprint({ count, labels }: Samples): Promise<RunFacts["data"]> {
  const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", Uint8Array.from(labels)));
  const labelsSha256 = Array.from(digest, (byte) => byte.toString(16).padStart(2, "0")).join("");
  return { samples: count, labelsSha256 };
}

/** Peak memory of the process in MiB; its current memory where the runtime does not report the peak (Deno before 2.9). */
export function peakMemory(): number {
  const { resourceUsage } = process;
  const bytes = typeof resourceUsage === "function" ? 1024 * resourceUsage().maxRSS : Deno.memoryUsage().rss;
  return Math.round(bytes / 2 ** 20);
}

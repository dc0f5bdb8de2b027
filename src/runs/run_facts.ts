/**
 * What a run's checkpoints say besides where training stands: what it was asked for, with what it was done, on what.
 *
 * @module
 */
import process from "node:process";
import * as v from "valibot";
import type { Samples } from "../data/samples.ts";
import type { Checkpoint } from "../training/checkpoint.ts";

/** What a checkpoint says of the run besides where it stands. */
export interface RunFacts {
  /** As `recordOptions` wrote them. */
  readonly options: unknown;
  /** As a model's file has them. */
  readonly seed: number;
  readonly precision: string;
  readonly versions: { readonly spikelet: string; readonly deno: string; readonly kernels: string };
  /** What tells the training set from others. */
  readonly data: { readonly samples: number; readonly labelsSha256: string };
  /** The most memory that a session has had. */
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

/** Facts as a checkpoint's metadata. */
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

/** Facts from a checkpoint's metadata; `undefined` where a run did not write it. */
export function decodeFacts({ metadata }: Checkpoint): RunFacts | undefined {
  const parsed = v.safeParse(facts, metadata);
  return parsed.success ? parsed.output : undefined;
}

/** What tells a training set from others: how many samples there are, and their classes in order. */
export async function fingerprint({ count, labels }: Samples): Promise<RunFacts["data"]> {
  const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", Uint8Array.from(labels)));
  const labelsSha256 = Array.from(digest, (byte) => byte.toString(16).padStart(2, "0")).join("");
  return { samples: count, labelsSha256 };
}

/** The most memory that the process has had, in MiB; what it has now, where the runtime does not say (Deno before 2.9). */
export function peakMemory(): number {
  const { resourceUsage } = process;
  const bytes = typeof resourceUsage === "function" ? 1024 * resourceUsage().maxRSS : Deno.memoryUsage().rss;
  return Math.round(bytes / 2 ** 20);
}

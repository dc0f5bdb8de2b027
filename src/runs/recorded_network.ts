/** A run's network and its firing rates, as `run.json` records them. */
import * as v from "valibot";
import { type NetworkSpec, parseNetworkSpec } from "../network/spec.ts";
import { structureOf } from "../network/structure.ts";
import type { RunMetadata } from "./run_metadata.ts";

/** The network that the metadata describe; undefined where another version of Spikelet has written something else. */
export function networkOf(
  { metadata }: { readonly metadata?: RunMetadata | undefined },
): NetworkSpec | undefined {
  try {
    return metadata && parseNetworkSpec(metadata.options.spec);
  } catch {
    return undefined;
  }
}

const layersSchema = v.array(v.looseObject({ layer: v.number(), firingRate: v.nullable(v.number()) }));

/** The firing rate of each population by its node, as `train --explain` leaves it in a run's result; empty where there is none. */
export function firingRatesOf(spec: NetworkSpec, { result }: RunMetadata): ReadonlyMap<string, number> {
  const { populations } = structureOf(spec), layers = v.safeParse(layersSchema, result?.["layers"]);
  return new Map(
    (layers.success ? layers.output : []).flatMap(({ layer, firingRate }): [string, number][] => {
      const population = populations[layer - 1];
      return population && firingRate !== null ? [[population.id, firingRate]] : [];
    }),
  );
}

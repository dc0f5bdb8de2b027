/** What an answer costs: a spiking network works where a spike arrives, its feed-forward peer at every weight. */
import { summariseNodes } from "../../src/network/node_summary.ts";
import { INPUT } from "../../src/network/place.ts";
import type { NetworkSpec } from "../../src/network/spec.ts";
import { structureOf } from "../../src/network/structure.ts";
import type { Inspection } from "./protocol.ts";

/** Operations of one answer. */
export interface Costs {
  /** For the picture: one for each weight of an input that is not 0. */
  readonly ofInput: number;
  /** Additions: for each spike, one for each weight that it arrives at. */
  readonly ofSpikes: number;
  /** Leaks: each neuron's decay at each step. */
  readonly ofNeurons: number;
  /** Multiply-adds of the same network without time, each weight once. */
  readonly dense: number;
}

/**
 * Counts the operations of an answer. Behind a pool, or another operator without weights, the share of numbers that are not 0 is taken to
 * be that of the neurons before it.
 */
export function costsOf({ spec, trace, pixels }: Pick<Inspection, "spec" | "trace" | "pixels">): Costs {
  const { populations, multiplyAdds } = structureOf(spec), inputs = new Set([INPUT]);
  // The share of a node's numbers that are not 0, summed over the steps.
  const active = new Map([[INPUT, activityOfInput(spec, pixels)]]);
  for (const { index, id, units } of populations) {
    const outputs = trace.outputs[index]!;
    active.set(id, outputs.reduce((sum, output) => sum + Number(output !== 0), 0) / units);
  }
  let ofInput = 0, ofSpikes = 0;
  for (const { node, population, multiplyAdds } of summariseNodes(spec)) {
    if (population) continue;
    const share = node.from.reduce((sum, edge) => sum + (active.get(edge.node) ?? 0), 0);
    const isOfInput = node.from.every((edge) => inputs.has(edge.node));
    active.set(node.id, share);
    if (isOfInput && multiplyAdds === 0) inputs.add(node.id);
    if (isOfInput) ofInput += share * multiplyAdds;
    else ofSpikes += share * multiplyAdds;
  }
  return {
    ofInput: Math.round(ofInput),
    ofSpikes: Math.round(ofSpikes),
    ofNeurons: spec.steps * populations.reduce((sum, { units }) => sum + units, 0),
    dense: multiplyAdds,
  };
}

/** The share of inputs that are not 0, summed over the steps; an input that is the same at every step counts once. */
function activityOfInput({ steps, input: { encoder } }: NetworkSpec, pixels: Uint8Array): number {
  const mean = (value: (pixel: number) => number) =>
    pixels.reduce((sum, pixel) => sum + value(pixel), 0) / pixels.length;
  const ink = mean((pixel) => Number(pixel / 255 + encoder.offset !== 0));
  switch (encoder.kind) {
    case "constant":
      return encoder.mean || encoder.deviation ? 1 : ink;
    case "noise":
      return steps * ink;
    case "poisson":
      return steps *
        mean((pixel) => Math.max(0, Math.min(1, encoder.rate * (pixel / 255 + encoder.offset))));
    case "latency":
      return mean((pixel) => Number(pixel / 255 + encoder.offset >= encoder.threshold));
    case "delta":
    case "direct":
      return steps;
    default:
      return encoder satisfies never;
  }
}

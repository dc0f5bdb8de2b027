/** What an answer costs: a spiking network works where a spike arrives, its feed-forward peer at every weight. */
import { sampleFormOf } from "../../src/network/encoders.ts";
import { summariseNodes } from "../../src/network/node_summary.ts";
import { INPUT } from "../../src/network/place.ts";
import { structureOf } from "../../src/network/structure.ts";
import { activityOfInput } from "./activity.ts";
import type { Inspection } from "./protocol.ts";

/** Operations of one answer. */
export interface Costs {
  /** For the sample: one for each weight of an input that is not 0; of a sequence, at each step. */
  readonly ofInput: number;
  /** Additions: for each spike, one for each weight that it arrives at. */
  readonly ofSpikes: number;
  /** Leaks: each neuron's decay at each step. */
  readonly ofNeurons: number;
  /** Multiply-adds of the same network without time, each weight once; where samples are sequences, at each step. */
  readonly dense: number;
}

/**
 * Counts the operations of an answer. Behind a pool, or another operator without weights, the share of numbers that are not 0 is taken to
 * be that of the neurons before it. A normalisation takes none: it can be folded into the operator before it.
 */
export function costsOf(
  inspection: Pick<Inspection, "spec" | "trace" | "features" | "bytes" | "steps">,
): Costs {
  const { spec, trace, steps } = inspection;
  const { populations } = structureOf(spec), inputs = new Set([INPUT]);
  // The share of a node's numbers that are not 0, summed over the steps.
  const active = new Map([[INPUT, activityOfInput(spec, inspection)]]);
  for (const { index, id, units } of populations) {
    const outputs = trace.outputs[index]!;
    active.set(id, outputs.reduce((sum, output) => sum + Number(output !== 0), 0) / units);
  }
  let ofInput = 0, ofSpikes = 0, dense = 0;
  for (const { node, population, multiplyAdds } of summariseNodes(spec)) {
    if (population) continue;
    const share = node.from.reduce((sum, edge) => sum + (active.get(edge.node) ?? 0), 0);
    const isOfInput = node.from.every((edge) => inputs.has(edge.node));
    active.set(node.id, share);
    if (node.kind === "batchNorm") continue;
    dense += multiplyAdds;
    if (isOfInput && multiplyAdds === 0) inputs.add(node.id);
    if (isOfInput) ofInput += share * multiplyAdds;
    else ofSpikes += share * multiplyAdds;
  }
  return {
    ofInput: Math.round(ofInput),
    ofSpikes: Math.round(ofSpikes),
    ofNeurons: steps * populations.reduce((sum, { units }) => sum + units, 0),
    dense: dense * (sampleFormOf(spec).isSequence ? steps : 1),
  };
}

/**
 * Holds an engine to the float64 reference: what it answers, what it records, and what it learns.
 *
 * @module
 */
import assert from "node:assert/strict";
import type { Samples } from "../../src/data/samples.ts";
import type { Engine } from "../../src/engine/engine.ts";
import type { NeuronNode } from "../../src/network/graph.ts";
import { assertClose, assertSameBits } from "../asm/numbers.ts";
import { batchOf } from "../engine/batches.ts";
import { type DrawnGraph, encodeBatch, trainingBatch } from "./drawn_graphs.ts";
import { type GraphRun, runGraph, widenTensors } from "./reference_graph.ts";
import { populationsOf } from "./reference_structure.ts";

const EPOCH = 1;
const UPDATE = { learningRate: 0.1, momentum: 0.5 };

/** What differs between engines. */
export interface CompareOptions {
  /** What the engine calls a tensor of the graph. @default {the same} */
  readonly nameOf?: (name: string) => string;
  /** What `runTraining` says. @default {the same, for no operator differs in training} */
  readonly training?: GraphRun;
  /** Whether the engine was made with `recordStates`. @default {true} */
  readonly recordsStates?: boolean;
}

/** What the reference makes of a graph and its samples, whose draws are those of an engine's seed. */
export function runReference(drawn: DrawnGraph, seed: number): GraphRun {
  return runGraph(drawn.spec, widenTensors(drawn.parameters), encodeBatch(drawn, seed, EPOCH));
}

/** The same of a batch that is trained on: another run where operators differ in training. */
export function runTraining(drawn: DrawnGraph, seed: number): GraphRun {
  return runGraph(drawn.spec, widenTensors(drawn.parameters), trainingBatch(drawn, seed, EPOCH));
}

/**
 * Compares an engine with the reference: logits and spikes of each sample; potentials, outputs and spikes of each population at each
 * step; then one update on all samples: the loss, the gradient of every learned tensor, the tensors after it, and that fixed ones
 * have the bits that they had.
 *
 * @param run What `runReference` says for the engine's seed. No gate of it may be near its threshold: see `isTelling`.
 */
export async function compareWithReference(
  engine: Engine,
  { spec, parameters, samples }: DrawnGraph,
  run: GraphRun,
  { nameOf = (name) => name, recordsStates = true, training = run }: CompareOptions = {},
): Promise<void> {
  await engine.setParameters(new Map([...parameters].map(([name, tensor]) => [nameOf(name), tensor])));
  const all = batchOf(samples, undefined, EPOCH);
  const { logits, spikes } = await engine.classify(all);
  compareNumbers(logits, run.logits.flatMap((row) => [...row]), "logits");
  assert.deepEqual([...spikes], run.spikes, "spikes of each sample");

  for (let sample = 0; recordsStates && sample < samples.count; sample++) {
    const trace = await engine.trace(batchOf(samples, [sample], EPOCH));
    compareNumbers(trace.logits, run.logits[sample]!, `logits of sample ${sample}`);
    compareNumbers(
      trace.logProbabilities,
      run.logProbabilities[sample]!,
      `log-probabilities of sample ${sample}`,
    );
    const length = samples.lengths?.[sample] ?? spec.steps;
    populationsOf(spec).forEach((node, i) => {
      const states = run.states.get(node.id)!.slice(0, length).flatMap((rows) => rows[sample]!);
      const what = (part: string) => `${part} of ${node.id}, sample ${sample}`;
      // Behind the end of a sequence a trace says nothing that counts.
      const [u, o, fired] = [trace.potentials, trace.outputs, trace.spikes].map((rows) =>
        rows[i]!.subarray(0, states.length)
      );
      compareNumbers(u!, states.map((state) => state.u), what("potentials"));
      compareNumbers(o!, states.map((state) => state.o), what("outputs"));
      assert.deepEqual([...fired!], states.map(({ spikes }) => spikes), what("spikes"));
    });
  }

  const result = await engine.train(all, UPDATE);
  compareNumbers([result.loss], [training.losses.reduce((sum, loss) => sum + loss, 0)], "loss");
  assert.equal(result.spikes, training.spikes.reduce((sum, count) => sum + count, 0), "spikes of the batch");
  assert.deepEqual(
    result.unitSpikes?.map((counts) => [...counts]),
    populationsOf(spec).filter(({ id }) => id !== spec.readout.node).map((node) =>
      unitSpikesOf(node, training, samples)
    ),
    "spikes of each unit",
  );
  const velocity = (await engine.getState()).moments.get("velocity")!; // after the first update it is the gradient
  const after = await engine.getParameters();
  const gradient = training.gradient().tensors, statistics = training.statistics();
  compareTensors(
    new Map([...gradient.keys()].map((name) => [name, velocity.get(nameOf(name))!])),
    gradient,
    "gradient",
  );
  const updated = new Map([...gradient].map(([name, expected]) => {
    const before = Float64Array.from(parameters.get(name)!);
    return [name, before.map((value, i) => value - UPDATE.learningRate * expected[i]!)];
  }));
  compareTensors(
    new Map([...gradient.keys()].map((name) => [name, after.get(nameOf(name))!])),
    updated,
    "updated",
  );
  compareTensors(
    new Map([...statistics.keys()].map((name) => [name, after.get(nameOf(name))!])),
    statistics,
    "after",
  );
  for (const [name, before] of parameters) {
    if (!gradient.has(name) && !statistics.has(name)) {
      assertSameBits(after.get(nameOf(name))!, before, `${name}, which is not learned`);
    }
  }
}

/** How often each unit of a population fires, all samples together, up to the end of each. */
function unitSpikesOf(node: NeuronNode, { states }: GraphRun, { lengths }: Samples): number[] {
  const rows = states.get(node.id)!.flatMap((samples, t) =>
    samples.filter((_, sample) => t < (lengths?.[sample] ?? Infinity))
  );
  return rows[0]!.map((_, unit) => rows.reduce((sum, units) => sum + units[unit]!.spikes, 0));
}

/** Closeness of tensors, by name. In loops gradients grow and cancel: so the largest number of all of them counts. */
export function compareTensors(
  found: ReadonlyMap<string, ArrayLike<number>>,
  expected: ReadonlyMap<string, ArrayLike<number>>,
  what: string,
): void {
  const largest = largestOf([...expected.values()].map(largestOf));
  for (const [name, tensor] of expected) compareNumbers(found.get(name)!, tensor, `${what} ${name}`, largest);
}

/** Closeness within float32's rounding. Numbers of a tensor are sums of terms as large as its largest number, which cancel. */
export function compareNumbers(
  found: ArrayLike<number>,
  expected: ArrayLike<number>,
  what: string,
  largest = largestOf(expected),
): void {
  assertClose(found, expected, what, { relative: 1e-4, absolute: 1e-5 * largest });
}

function largestOf(numbers: ArrayLike<number>): number {
  return Array.from(numbers).reduce((most, value) => Math.max(most, Math.abs(value)), 1);
}

import assert from "node:assert/strict";
import fc from "fast-check";
import { parseNetworkSpec } from "../../src/network/parse_graph.ts";
import { assertClose } from "../asm/numbers.ts";
import { type DrawnGraph, drawnGraphs, isTelling, trainingBatch } from "./drawn_graphs.ts";
import { GOLDEN_GRAPHS, readGoldenGraph } from "./golden_graphs.ts";
import {
  type EncodedBatch,
  type GraphRun,
  type GraphTensors,
  runGraph,
  widenTensors,
} from "./reference_graph.ts";
import { tensorsOf } from "./reference_structure.ts";

/** Closeness to numbers that float32 has rounded. */
const CLOSE = { relative: 1e-4, absolute: 1e-5 };

for (const name of GOLDEN_GRAPHS) {
  Deno.test(`runGraph() agrees with PyTorch on ${name}: states, loss, gradients and two steps of SGD`, () => {
    const { spec, parameters, batch: encoded, learningRate, momentum, learned, floats } = readGoldenGraph(
      name,
    );
    const tensors = widenTensors(parameters);
    // States of a case that normalises over a batch are those of training.
    const batch = { ...encoded, training: () => ({ key0: 0, key1: 0 }) };
    const names = [...tensorsOf(spec)];
    assert.deepEqual([...tensors.keys()].toSorted(), names.map(([key]) => key).toSorted());
    assert.deepEqual(
      learned.toSorted(),
      names.filter(([, { isLearned }]) => isLearned).map(([key]) => key).toSorted(),
    );
    const run = runGraph(spec, tensors, batch);
    assert.ok(run.margin > 1e-5, "no gate is decided by rounding");
    for (const [id, steps] of run.states) {
      const units = steps.flat(2);
      assertClose(units.map(({ u }) => u), floats(`${id}.state`), `${id}.state`, CLOSE);
      assertClose(units.map(({ o }) => o), floats(`${id}.output`), `${id}.output`, CLOSE);
    }
    assertClose(run.logits.flatMap((row) => [...row]), floats("logits"), "logits", CLOSE);
    assertClose(run.logProbabilities.flatMap((row) => [...row]), floats("logp"), "logp", CLOSE);
    assertClose([run.loss], floats("loss"), "loss", CLOSE);

    const velocity = new Map<string, Float64Array>();
    for (const after of ["after1", "after2"]) {
      const run = runGraph(spec, tensors, batch), gradient = run.gradient().tensors;
      for (const [key, tensor] of run.statistics()) {
        tensors.set(key, tensor);
        assertClose(tensor, floats(`${key}.${after}`), `${key}.${after}`, CLOSE);
      }
      for (const [key, tensor] of gradient) {
        const moment = tensor.map((value, i) => value + momentum * (velocity.get(key)?.[i] ?? 0));
        velocity.set(key, moment);
        tensors.set(key, tensors.get(key)!.map((value, i) => value - learningRate * moment[i]!));
        if (after === "after1") assertClose(tensor, floats(`grad.${key}`), `gradient of ${key}`, CLOSE);
        assertClose(tensors.get(key)!, floats(`${key}.${after}`), `${key}.${after}`, CLOSE);
      }
    }
  });
}

const EPSILON = 1e-5;
/** So far a gate has to be from flipping, for the losses of both sides of a difference to belong together. */
const FAR = 1e-3;

/** One number of a tensor or of the input that a difference moves. */
interface Coordinate {
  readonly what: string;
  /** What the backward pass says. */
  readonly gradient: number;
  /** The tensors and the batch, with this number moved. */
  moved(offset: number): [GraphTensors, EncodedBatch];
}

/** A few numbers of every learned tensor, and of the input. */
function coordinatesOf(tensors: GraphTensors, batch: EncodedBatch, run: GraphRun): Coordinate[] {
  const gradient = run.gradient();
  const some = (length: number) =>
    Array.from({ length: Math.min(3, length) }, (_, i) => Math.floor(i * length / Math.min(3, length)));
  const moveOne = (row: Float64Array, at: number, offset: number) =>
    row.map((value, i) => i === at ? value + offset : value);
  const ofTensors = [...gradient.tensors].flatMap(([name, tensor]) =>
    some(tensor.length).map((i): Coordinate => ({
      what: `${name}[${i}]`,
      gradient: tensor[i]!,
      moved: (offset) => [new Map([...tensors, [name, moveOne(tensors.get(name)!, i, offset)]]), batch],
    }))
  );
  const ofInput = gradient.input.flatMap((rows, sample) =>
    some(rows.length).flatMap((t) =>
      some(rows[t]!.length).map((i): Coordinate => ({
        what: `input of sample ${sample} at step ${t}, number ${i}`,
        gradient: rows[t]![i]!,
        moved: (offset) => [tensors, {
          ...batch,
          x: batch.x.map((sequence, other) =>
            other === sample ? sequence.map((row, at) => at === t ? moveOne(row, i, offset) : row) : sequence
          ),
        }],
      }))
    )
  );
  return [...ofTensors, ...ofInput];
}

// At a spike of a graded neuron u = u' − (p + u' − θ) = θ − p is a constant and o = γ·(u' − θ); without one u = u' and o = 0. Both
// are linear in u', so between two flips of gates the loss is smooth, also with a penalty.
//
// A binary spike has no derivative. So the runs on both sides of a difference are those of a network that is smooth: its spikes are the
// spikes at the middle, plus what the surrogate's integral has gained or lost since, and what the resets stop, and the steps of the
// maxima, are those at the middle. At the middle its states are the network's own; its derivative there is the surrogate gradient.
Deno.test("runGraph() has the finite differences of the loss as its gradient, on drawn graphs", () => {
  let checked = 0, loops = 0;
  fc.assert(
    fc.property(drawnGraphs(), (drawn) => {
      const { spec } = drawn, tensors = widenTensors(drawn.parameters), batch = trainingBatch(drawn, 0, 1);
      const run = runGraph(spec, tensors, batch);
      fc.pre(isTelling(spec, run) && run.margin > FAR);
      if (hasLoop(drawn)) loops++;
      for (const { what, gradient, moved } of coordinatesOf(tensors, batch, run)) {
        const above = runGraph(spec, ...moved(EPSILON), run), below = runGraph(spec, ...moved(-EPSILON), run);
        if (above.gates !== run.gates || below.gates !== run.gates) continue;
        const derivative = (above.loss - below.loss) / (2 * EPSILON);
        const absolute = 1e-7 * Math.max(1, run.loss); // one graph's loss is 78,094: its rounding counts
        assertClose([gradient], [derivative], what, { relative: 1e-5, absolute });
        checked++;
      }
    }),
    { seed: 1, numRuns: 120 },
  );
  assert.ok(checked > 3000 && loops > 40, `${checked} derivatives, ${loops} graphs with loops`);
});

/** Whether a node's output comes back to it. */
function hasLoop({ spec: { nodes } }: DrawnGraph): boolean {
  const reaches = (from: string, to: string, seen = new Set<string>()): boolean => {
    const before = nodes.find(({ id }) => id === to)?.from.map(({ node }) => node) ?? [];
    return before.includes(from) || before.some((id) => !seen.has(id) && reaches(from, id, seen.add(id)));
  };
  return nodes.some(({ id }) => reaches(id, id));
}

Deno.test("runGraph() takes the first of equal maxima, and sends the gradient there", () => {
  const spec = parseNetworkSpec({
    steps: 4,
    input: { shape: [1] },
    nodes: [{ id: "lif", kind: "lif", decay: 0, threshold: 1, reset: "none" }],
    readout: { from: "spikes", reduce: "max" },
    loss: { kind: "meanSquaredError", correct: 0 },
  });
  const x = [0.5, 2, 0.5, 2].map((value) => Float64Array.of(value));
  const { shares, gradient } = runGraph(spec, new Map(), { x: [x], labels: [0] });
  assert.deepEqual(shares, [[Float64Array.of(0, 1, 0, 0)]]);
  const slope = 2 * 1 / (1 + Math.PI ** 2); // of the loss at o = 1, times atan's of slope 2 at v = 1
  assertClose(gradient().input[0]!.map(([value]) => value!), [0, slope, 0, 0], "gradient");
});

import assert from "node:assert/strict";
import { type GraphSpec, isNeuronNode } from "../../src/network/graph.ts";
import { parseNetworkSpec } from "../../src/network/parse_graph.ts";
import { assertClose, numbersFrom } from "../asm/numbers.ts";
import { type GraphTensors, runGraph } from "./reference_graph.ts";
import {
  type ReferenceBatch,
  referenceOperatorOf,
  type RowsAt,
  sizeOf,
  type TensorOf,
} from "./reference_operators.ts";
import { shapesOf, tensorsOf } from "./reference_structure.ts";

/** One sample, which is measured. */
const BATCH: ReferenceBatch = {
  lengths: [14],
  isTraining: false,
  draw: () => 0,
  choice: () => {
    throw new TypeError("linear operators make no choice");
  },
};

/** A node as JSON has it. */
type RawNode = Readonly<Record<string, unknown>>;

const DECAY = 0.8, GAIN = 1.3, STEPS = 14, UNITS = 6;

/** Chains of linear operators between the input and neurons whose gradient is exact. */
const CHAINS: Readonly<Record<string, readonly RawNode[]>> = {
  "affine": [{ id: "fc", kind: "affine", units: UNITS }],
  "affine, scale": [{ id: "fc", kind: "affine", units: UNITS }, { id: "scale", kind: "scale" }],
  "conv2d, avgPool2d, flatten, affine": [
    { id: "conv", kind: "conv2d", channels: 3, kernel: [2, 2], padding: [1, 1] },
    { id: "pool", kind: "avgPool2d", kernel: [2, 2] },
    { id: "fc", kind: "affine", units: UNITS },
  ],
  "scale, flatten, affine, delay, scale, affine": [
    { id: "scale1", kind: "scale" },
    { id: "flat", kind: "flatten" },
    { id: "fc1", kind: "affine", units: 5 },
    { id: "delay", kind: "delay" },
    { id: "scale2", kind: "scale" },
    { id: "fc2", kind: "affine", units: UNITS },
  ],
};

/** What the neurons' outputs go into: the network above them. */
const ABOVE: readonly RawNode[] = [
  { id: "classes", kind: "affine", units: 3 },
  { id: "out", kind: "integrator", decay: 0.9 },
];

function graphOf(shape: GraphSpec["input"]["shape"], nodes: readonly RawNode[]): GraphSpec {
  return parseNetworkSpec({ steps: STEPS, input: { shape }, nodes });
}

function drawTensors(spec: GraphSpec, next: () => number): GraphTensors {
  return new Map([...tensorsOf(spec)].map(([name, { shape, isLearned }]) => [
    name,
    Float64Array.from({ length: sizeOf(shape) }, () => isLearned ? next() : Math.floor(3 * Math.abs(next()))),
  ]));
}

/** Rows by step, with zeros before and behind them. */
function rowsAt(sequence: readonly Float64Array[]): RowsAt {
  const zeros = new Float64Array(sequence[0]!.length);
  return (step) => [sequence[step] ?? zeros];
}

/** All rows of a sample. */
function sequenceOf(rows: RowsAt): Float64Array[] {
  return Array.from({ length: STEPS }, (_, step) => rows(step)[0]!);
}

/** The leaky trace: X̃_t = x_t + d·X̃_{t−1}. */
function traceOf(x: RowsAt): RowsAt {
  const trace: Float64Array[] = [];
  for (const row of sequenceOf(x)) {
    const past = trace.at(-1);
    trace.push(row.map((value, i) => value + DECAY * (past?.[i] ?? 0)));
  }
  return rowsAt(trace);
}

/**
 * c: what δI has at each spike beyond what decays into it from the next one. At a spike δI_t = γ·δo_t; elsewhere δI_t = d·δI_{t+1}.
 * So with the unit's next spike at step n, c_t = γ·δo_t − d^(n − t)·γ·δo_n, and 0 without a spike.
 */
function gradientAtSpikes(
  spikes: readonly (readonly boolean[])[],
  outputGradients: readonly Float64Array[],
): RowsAt {
  return rowsAt(spikes.map((units, t) =>
    Float64Array.from(units, (fired, i) => {
      if (!fired) return 0;
      const next = spikes.findIndex((later, n) => n > t && later[i]!);
      const decayed = next < 0 ? 0 : DECAY ** (next - t) * outputGradients[next]![i]!;
      return GAIN * (outputGradients[t]![i]! - decayed);
    })
  ));
}

// For an exact neuron δI_t = d·δI_{t+1} + c_t, c ≠ 0 at spikes only. A chain of linear operators L hands δ on unchanged in time, so
// Σ_t ⟨δI_t, L x_t⟩ = Σ_spikes ⟨c_s, L X̃_s⟩: the ordinary weight gradients, with (X̃, c) in the place of (x, δ).
for (const [name, chain] of Object.entries(CHAINS)) {
  Deno.test(`the exact gradient from spikes and leaky traces is that of backpropagation through time: ${name}`, () => {
    for (const seed of [1, 2, 3, 4]) {
      const next = numbersFrom(seed);
      const neuron = {
        id: "graded",
        kind: "graded",
        decay: DECAY,
        threshold: 0.4,
        penalty: 0.7,
        scale: GAIN,
      } as const;
      const spec = graphOf([2, 3, 2], [...chain, neuron, ...ABOVE]);
      const tensors = drawTensors(spec, next), labels = [seed % 3];
      const x = Array.from({ length: STEPS }, () => Float64Array.from({ length: 12 }, next));
      const run = runGraph(spec, tensors, { x: [x], labels });
      const dense = run.gradient().tensors;
      const states = run.states.get("graded")!.map(([units]) => units!);
      const spikes = states.map((units) => units.map(({ v }) => v > 0));
      const share = spikes.flat().filter(Boolean).length / (STEPS * UNITS);
      assert.ok(share > 0.03 && share < 0.7, `${share} of all steps and units have a spike`);

      // δo, from the network above alone.
      const outputs = states.map((units) => Float64Array.from(units, ({ o }) => o));
      const above = runGraph(graphOf([UNITS], ABOVE), tensors, { x: [outputs], labels });
      let c = gradientAtSpikes(spikes, above.gradient().input[0]!);

      const operators = spec.nodes.slice(0, chain.length).filter((node) => !isNeuronNode(node));
      const tensorOf = (id: string): TensorOf => (tensor) => tensors.get(`${id}.${tensor}`)!;
      const inputs: RowsAt[] = [rowsAt(x)];
      for (const node of operators) {
        const y = sequenceOf((t) =>
          referenceOperatorOf(node).forward(
            node,
            tensorOf(node.id),
            inputs.at(-1)!,
            t,
            BATCH,
            shapesOf(spec).get(node.id)!.input,
          )
        );
        inputs.push(rowsAt(y));
      }
      // A bias is a weight from an input that is always 1: its trace is 1 + d + … + d^t.
      const ones = traceOf(rowsAt(x.map(() => Float64Array.of(1))));
      for (const node of operators.toReversed()) {
        const operator = referenceOperatorOf(node), input = inputs[operators.indexOf(node)]!;
        const trace = traceOf(input), atSpikes = c, shape = shapesOf(spec).get(node.id)!.input;
        const weighted: RowsAt = (t) => atSpikes(t).map((row) => row.map((value) => value * ones(t)[0]![0]!));
        const exact = new Map<string, Float64Array>(), exactOfBias = new Map<string, Float64Array>();
        for (const [key, { length }] of dense) {
          exact.set(key, new Float64Array(length));
          exactOfBias.set(key, new Float64Array(length));
        }
        const into = (gradient: GraphTensors): TensorOf => (tensor) => gradient.get(`${node.id}.${tensor}`)!;
        for (let t = 0; t < STEPS; t++) {
          operator.accumulate(node, into(exact), atSpikes, t, trace, BATCH, shape);
          operator.accumulate(node, into(exactOfBias), weighted, t, trace, BATCH, shape);
        }
        for (const key of [...dense.keys()].filter((key) => key.startsWith(`${node.id}.`))) {
          const found = (key.endsWith(".bias") ? exactOfBias : exact).get(key)!;
          assertClose(found, dense.get(key)!, key, { relative: 1e-11, absolute: 1e-13 });
        }
        c = rowsAt(
          sequenceOf((t) => operator.backward(node, tensorOf(node.id), atSpikes, t, input, BATCH, shape)),
        );
      }
    }
  });
}

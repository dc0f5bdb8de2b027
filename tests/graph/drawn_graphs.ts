/**
 * Graphs with tensors and samples, drawn from a seed: up to twelve nodes of any kind, edges with delays, branches and loops.
 *
 * @module
 */
import fc from "fast-check";
import type { DenseFeatures } from "../../src/data/events.ts";
import type { Samples } from "../../src/data/samples.ts";
import type { Encoder } from "../../src/network/encoders.ts";
import {
  type Edge,
  type GraphNode,
  type GraphSpec,
  isNeuronNode,
  type Shape,
} from "../../src/network/graph.ts";
import { type CompleteNeuron, completeNeuron } from "../../src/network/neurons.ts";
import type { Operator } from "../../src/network/operators.ts";
import type { Loss } from "../../src/network/spec.ts";
import { drawKey, STREAM } from "../../src/random.ts";
import { numbersFrom } from "../asm/numbers.ts";
import { encodeSample } from "../engine/reference_network.ts";
import type { EncodedBatch, GraphRun } from "./reference_graph.ts";
import { sizeOf } from "./reference_operators.ts";
import { ownConstantsOf, populationsOf, shapesOf, tensorsOf } from "./reference_structure.ts";
import { constantsOf } from "../engine/reference_neurons.ts";

/** A graph, its tensors, and samples for it. */
export interface DrawnGraph {
  readonly spec: GraphSpec;
  readonly parameters: Map<string, Float32Array>;
  readonly samples: Samples<DenseFeatures>;
}

/** What a draw may contain. */
export interface DrawOptions {
  /** Samples of a batch. */
  readonly samples?: number;
  /** Most nodes, 3 or more. @default {12} */
  readonly nodes?: number;
  /** Sequences may be of unequal lengths. @default {true} */
  readonly unequal?: boolean;
}

/** Any graph with tensors and samples. A failure prints the graph; it shrinks to fewer nodes and steps. */
export function drawnGraphs(
  { samples = 2, nodes = 12, unequal = true }: DrawOptions = {},
): fc.Arbitrary<DrawnGraph> {
  return fc.record({
    seed: fc.nat(1_000_000),
    nodes: fc.integer({ min: 3, max: nodes }),
    steps: fc.oneof({ weight: 1, arbitrary: fc.constant(1) }, {
      weight: 9,
      arbitrary: fc.integer({ min: 2, max: 13 }),
    }),
  }).map(({ seed, nodes, steps }) => drawGraph(seed, nodes, steps, samples, unequal));
}

/** The graph, tensors and samples of a seed. */
export function drawGraph(
  seed: number,
  nodes: number,
  steps: number,
  samples = 2,
  unequal = true,
): DrawnGraph {
  const draw = new Draw(seed);
  const spec = drawSpec(draw, nodes, steps);
  const graph = {
    spec,
    parameters: drawTensors(draw, spec),
    samples: drawSamples(draw, spec, samples, unequal),
  };
  return Object.assign(graph, {
    [fc.toStringMethod]: () => `seed ${seed}, ${samples} samples:\n${describeGraph(spec)}`,
  });
}

/** Tensors and samples of a seed, for any graph. */
export function drawForGraph(spec: GraphSpec, seed: number, samples = 2): DrawnGraph {
  const draw = new Draw(seed);
  return { spec, parameters: drawTensors(draw, spec), samples: drawSamples(draw, spec, samples, false) };
}

/** A graph as text: a node a line. */
export function describeGraph({ nodes, ...spec }: GraphSpec): string {
  return [JSON.stringify(spec), ...nodes.map((node) => `  ${JSON.stringify(node)}`)].join("\n");
}

/** Samples as the network meets them. */
export function encodeBatch({ spec, samples }: DrawnGraph, seed: number, epoch: number): EncodedBatch {
  const x = Array.from({ length: samples.count }, (_, sample) =>
    encodeSample(
      spec,
      samples,
      sample,
      drawKey(seed, STREAM.training, epoch, sample),
    ));
  return { x, labels: samples.labels };
}

/** The same in training. */
export function trainingBatch(drawn: DrawnGraph, seed: number, epoch: number): EncodedBatch {
  return {
    ...encodeBatch(drawn, seed, epoch),
    training: (sample, stream) => drawKey(seed, stream, epoch, sample),
  };
}

/** Whether some operator differs in training. */
export function differsInTraining({ nodes }: GraphSpec): boolean {
  return nodes.some(({ kind }) => kind === "batchNorm" || kind === "dropout");
}

/** Nearer to a threshold than this, float32 may decide a gate otherwise than float64. */
export const MARGIN = 1e-4;
/** Potentials beyond this have roundings in float32 that reach the margin. */
const MOST = 60;
/** More spikes of a unit at a step leave a threshold so low that the same holds for their gradients. */
const MOST_SPIKES = 12;

/**
 * Whether a run tells float32 engines from wrong ones: no gate is near to flipping, no number is so large that its rounding would
 * flip one, and where there are neurons that spike, some do, and not all of them at every step.
 */
export function isTelling(spec: GraphSpec, { states, margin }: GraphRun): boolean {
  const units = (id: string) => states.get(id)!.flat(2);
  const all = populationsOf(spec).flatMap(({ id }) => units(id));
  const gates = all.filter(({ v }) => v < Infinity);
  const open = gates.filter(({ spikes }) => spikes > 0).length / gates.length;
  return margin > MARGIN &&
    all.every(({ before, s, spikes }) =>
      Math.abs(before) < MOST && Math.abs(s) < MOST && spikes <= MOST_SPIKES
    ) &&
    (gates.length === 0 || open > 0.01 && open < 0.95);
}

/** Choices, from a seed. */
class Draw {
  readonly #next: () => number;

  constructor(seed: number) {
    this.#next = numbersFrom(seed);
    for (let i = 0; i < 8; i++) this.#next(); // neighbouring seeds begin alike
  }

  /** From −1 to 1. */
  number(): number {
    return this.#next();
  }

  /** True with a probability. */
  chance(probability: number): boolean {
    return Math.abs(this.#next()) < probability;
  }

  /** A whole number, both ends included. */
  whole(from: number, to: number): number {
    return Math.min(to, from + Math.floor(Math.abs(this.#next()) * (to - from + 1)));
  }

  /** One of several. */
  of<T>(...choices: readonly T[]): T {
    return choices[this.whole(0, choices.length - 1)]!;
  }

  /** Some of several, in their order. */
  some<T>(probability: number, ...choices: readonly T[]): T[] {
    return choices.filter(() => this.chance(probability));
  }
}

function drawSpec(draw: Draw, count: number, steps: number): GraphSpec {
  const input = { shape: drawShape(draw), encoder: drawEncoder(draw) };
  const delay = () => draw.chance(0.7) ? 0 : draw.whole(1, longestDelay(steps));
  const nodes: GraphNode[] = [];
  const shapes = new Map<string, Shape>([["input", input.shape]]);
  const place = (id: string, kind: Operator | CompleteNeuron, from: readonly Edge[]) => {
    nodes.push({ id, ...kind, from } as GraphNode);
    shapes.set(id, shapesOf({ nodes, input }).get(id)!.output);
  };
  /** One edge or more, from whatever stands before and has the shape of the first one. */
  const edges = (): Edge[] => {
    const before = ["input", ...nodes.map(({ id }) => id)];
    const first = draw.chance(0.65) ? before.at(-1)! : draw.of(...before);
    const alike = before.filter((id) => String(shapes.get(id)) === String(shapes.get(first)));
    const others = draw.some(0.3, ...alike).slice(0, 2);
    return [first, ...others].map((node) => ({ node, delay: delay() }));
  };
  // The three nodes that every graph has: what spikes or not, a product, and what is read. One of the others may lie behind.
  const reader = draw.whole(2, count - 1);
  for (let i = 0; i < count; i++) {
    if (i === reader - 1) place("classes", { kind: "affine", units: draw.whole(1, 5), bias: true }, edges());
    else if (i === reader) place("read", drawNeuron(draw), [{ node: "classes", delay: delay() }]);
    else {
      const from = edges();
      place(`node${i + 1}`, drawKind(draw, shapes.get(from[0]!.node)!), from);
    }
  }
  if (steps > 1) {
    for (let loops = draw.whole(0, 3); loops > 0; loops--) {
      const before = [...nodes];
      closeLoop(draw, nodes, shapes, steps);
      if (normalisesInLoop({ nodes })) nodes.splice(0, nodes.length, ...before);
    }
  }
  if (draw.chance(0.4)) {
    const before = [...nodes];
    addEdge(draw, nodes, shapes, delay());
    if (normalisesInLoop({ nodes })) nodes.splice(0, nodes.length, ...before);
  }
  const isHeld = draw.chance(0.3) &&
    nodes.some(({ id, kind }) => kind === "lif" && id !== "read");
  return {
    steps,
    input,
    nodes,
    readout: {
      node: "read",
      delay: draw.chance(0.7) ? 0 : draw.whole(1, longestDelay(steps)),
      from: draw.of("state", "spikes"),
      reduce: draw.of("mean", "sum", "max", "last"),
      begin: draw.chance(0.6) ? 0 : draw.whole(0, steps - 1),
    },
    loss: drawLoss(draw, isHeld),
  };
}

/** Batch statistics over all steps have no meaning where a step needs those before: such graphs are refused. */
function normalisesInLoop({ nodes }: { readonly nodes: readonly GraphNode[] }): boolean {
  const before = (id: string, seen: Set<string>): Set<string> => {
    for (const { node } of nodes.find((other) => other.id === id)?.from ?? []) {
      if (!seen.has(node)) before(node, seen.add(node));
    }
    return seen;
  };
  return nodes.some(({ id, kind }) => kind === "batchNorm" && before(id, new Set()).has(id));
}

function longestDelay(steps: number): number {
  return Math.max(1, Math.min(4, steps - 1));
}

/** A delayed edge from a node to one that stands before it, or to itself: directly where shapes agree, or through a new affine node. */
function closeLoop(draw: Draw, nodes: GraphNode[], shapes: Map<string, Shape>, steps: number): void {
  const to = draw.whole(0, nodes.length - 1), node = nodes[to]!;
  const source = nodes[draw.whole(to, nodes.length - 1)]!.id;
  const edge = { node: source, delay: draw.whole(1, longestDelay(steps)) };
  const shape = shapes.get(node.from[0]!.node)!;
  if (String(shapes.get(source)) === String(shape) && draw.chance(0.5)) {
    nodes[to] = { ...node, from: [...node.from, edge] };
    return;
  }
  const id = `back${to + 1}`;
  if (shape.length !== 1 || nodes.length >= MOST_NODES || shapes.has(id)) return;
  shapes.set(id, shape);
  nodes[to] = { ...node, from: [...node.from, { node: id, delay: 0 }] };
  nodes.splice(to, 0, { id, kind: "affine", units: shape[0], bias: draw.chance(0.5), from: [edge] });
}

/** One more edge from any node to one that stands behind it: nodes that close loops have other readers, too. */
function addEdge(draw: Draw, nodes: GraphNode[], shapes: Map<string, Shape>, delay: number): void {
  const from = draw.whole(0, nodes.length - 1), { id } = nodes[from]!;
  const to = nodes.findLastIndex((node, i) =>
    i > from && String(shapes.get(node.from[0]!.node)) === String(shapes.get(id))
  );
  const node = nodes[to];
  if (node && node.id !== "read") nodes[to] = { ...node, from: [...node.from, { node: id, delay }] };
}

const MOST_NODES = 12;

function drawShape(draw: Draw): Shape {
  return draw.chance(0.5) ? [draw.whole(1, 9)] : [draw.whole(1, 6), draw.whole(1, 6), draw.whole(1, 6)];
}

function drawKind(draw: Draw, input: Shape): Operator | CompleteNeuron {
  const flat = [
    "affine",
    "affine",
    "neuron",
    "neuron",
    "neuron",
    "scale",
    "flatten",
    "delay",
    "batchNorm",
    "dropout",
  ] as const;
  const kind = input.length === 3
    ? draw.of(...flat, "conv2d", "conv2d", "conv2d", "avgPool2d", "sumPool2d", "maxPool2d", "maxPool2d")
    : draw.of(...flat);
  switch (kind) {
    case "affine":
      return { kind, units: draw.whole(1, 9), bias: draw.chance(0.7) };
    case "neuron":
      return drawNeuron(draw);
    case "conv2d":
      return drawConv(draw, input);
    case "avgPool2d":
    case "sumPool2d":
    case "maxPool2d":
      return { kind, ...drawWindow(draw, input) };
    case "batchNorm":
      return { kind, momentum: draw.of(0.1, 0.5), epsilon: 1e-2, gamma: 1 };
    case "dropout":
      return { kind, rate: draw.of(0, 0.3, 0.6) };
    default:
      return { kind };
  }
}

/** A window that fits, with a padding of no more than half of it. */
function drawWindow(draw: Draw, [, height = 1, width = 1]: Shape) {
  const axis = (length: number) => {
    const kernel = draw.whole(1, Math.min(3, length)),
      padding = draw.chance(0.5) ? 0 : Math.floor(kernel / 2);
    return { kernel, padding, stride: draw.whole(1, 3) };
  };
  const rows = axis(height), columns = axis(width);
  return {
    kernel: [rows.kernel, columns.kernel],
    stride: [rows.stride, columns.stride],
    padding: [rows.padding, columns.padding],
  } as const;
}

function drawConv(draw: Draw, input: Shape): Operator {
  const [channels, height = 1, width = 1] = input, window = drawWindow(draw, input);
  const groups = draw.chance(0.7) ? 1 : draw.of(...[1, 2, 3, 4, 5, 6].filter((n) => channels % n === 0));
  const dilation = (axis: 0 | 1, length: number) =>
    draw.chance(0.3) && 2 * (window.kernel[axis] - 1) < length + 2 * window.padding[axis] ? 2 : 1;
  return {
    kind: "conv2d",
    channels: groups * draw.whole(1, Math.ceil(9 / groups)),
    ...window,
    dilation: [dilation(0, height), dilation(1, width)],
    groups,
    bias: draw.chance(0.7),
  };
}

function drawNeuron(draw: Draw): CompleteNeuron {
  const decay = draw.of(0, 0.5, 0.9, 1);
  const current = draw.of(0, 0, 0.15, -0.2), synapticDecay = draw.of(0, 0, 0.6);
  const hasOwn = draw.chance(0.5);
  const some = <Name extends string>(...names: Name[]) => hasOwn ? draw.some(0.4, ...names) : [];
  switch (draw.of("graded", "graded", "lif", "lif", "lif", "integrator")) {
    case "graded":
      return completeNeuron({
        kind: "graded",
        decay,
        threshold: draw.of(-0.25, 0, 0.5, 1),
        penalty: draw.of(0, 0.75, 2.5),
        scale: draw.of(1, 1, 1.3, -0.5),
        current,
        trainable: some("decay", "threshold", "scale"),
        perUnit: some("decay", "threshold", "scale", "penalty", "current"),
      });
    case "lif":
      return completeNeuron({
        kind: "lif",
        decay,
        threshold: draw.of(0.25, 0.5, 1),
        reset: draw.of("subtract", "zero", "none", "subtractLate", "zeroLate"),
        surrogate: {
          kind: draw.of("atan", "fastSigmoid", "triangle", "boxcar"),
          slope: draw.of(0.5, 1, 2, 10),
        },
        synapticDecay,
        adaptation: draw.of(0, 0, 0.4),
        adaptationDecay: draw.of(0, 0.85),
        current,
        resetTo: draw.of(0, 0, -0.3),
        start: draw.of(0, 0, 0.6),
        spikes: draw.of("one", "one", "many"),
        trainable: some("decay", "threshold", "start"),
        perUnit: some(
          ...[
            "decay",
            "threshold",
            "synapticDecay",
            "adaptation",
            "adaptationDecay",
            "current",
            "resetTo",
            "start",
          ] as const,
        ),
      });
    case "integrator":
      return completeNeuron({
        kind: "integrator",
        decay,
        synapticDecay,
        current,
        start: draw.of(0, 0, -0.4),
        trainable: some("decay", "start"),
        perUnit: some("decay", "synapticDecay", "current", "start"),
      });
  }
}

function drawEncoder(draw: Draw): Encoder {
  const offset = draw.of(0, -0.5);
  switch (draw.of("constant", "constant", "direct", "direct", "direct", "noise", "poisson", "latency")) {
    case "constant":
      return { kind: "constant", offset };
    case "direct":
      return { kind: "direct", offset };
    case "noise":
      return { kind: "noise", offset };
    case "poisson":
      return { kind: "poisson", rate: draw.of(0.5, 1), offset };
    case "latency":
      return { kind: "latency", timing: draw.of("linear", "log"), threshold: 0.1, offset };
  }
}

function drawLoss(draw: Draw, isHeld: boolean): Loss {
  const rate = isHeld ? { rate: { target: draw.of(0, 0.25), weight: draw.of(0.5, 3) } } : {};
  return draw.chance(0.7)
    ? { kind: "crossEntropy", ...rate }
    : { kind: "meanSquaredError", correct: 0.75, incorrect: -0.25, ...rate };
}

/**
 * Tensors under which units fire: weights uniform in ±√(6 / inputs), half of it where they close a loop, biases in ±0.5, scales
 * near ±1. Constants are near those of the description, each unit another one; fixed ones stay in their range.
 */
function drawTensors(draw: Draw, spec: GraphSpec): Map<string, Float32Array> {
  const tensors = tensorsOf(spec), values = new Map<string, Float32Array>();
  const tensor = (id: string, name: string, value: () => number) => {
    const { shape } = tensors.get(`${id}.${name}`)!;
    values.set(`${id}.${name}`, Float32Array.from({ length: sizeOf(shape) }, value));
  };
  for (const node of spec.nodes) {
    const { id } = node;
    if (isNeuronNode(node)) {
      const { learned, fixed } = ownConstantsOf(node);
      const first = Object.entries(constantsOf(node));
      for (const [name, value] of first.filter(([name]) => [...learned, ...fixed].includes(name))) {
        const isShare = name.toLowerCase().endsWith("decay");
        tensor(id, name, () => {
          const near = value + 0.1 * draw.number();
          return isShare ? Math.max(0, Math.min(1, near)) : name === "penalty" ? Math.abs(near) : near;
        });
      }
      continue;
    }
    switch (node.kind) {
      case "affine": {
        const inputs = tensors.get(`${id}.weight`)!.shape[1]!;
        const limit = Math.sqrt(6 / inputs) * (id.startsWith("back") ? 0.5 : 1);
        tensor(id, "weight", () => limit * draw.number());
        if (node.bias) tensor(id, "bias", () => 0.5 * draw.number());
        break;
      }
      case "conv2d": {
        const [, inputs, rows, columns] = tensors.get(`${id}.weight`)!.shape;
        const limit = Math.sqrt(6 / (inputs! * rows! * columns!));
        tensor(id, "weight", () => limit * draw.number());
        if (node.bias) tensor(id, "bias", () => 0.5 * draw.number());
        break;
      }
      case "batchNorm":
        tensor(id, "weight", () => 1 + 0.5 * draw.number());
        tensor(id, "bias", () => 0.5 * draw.number());
        tensor(id, "mean", () => 0.5 * draw.number());
        tensor(id, "variance", () => 0.8 + 0.5 * draw.number());
        break;
      case "scale":
        tensor(id, "weight", () => (draw.chance(0.2) ? -1 : 1) + 0.3 * draw.number());
        break;
      case "delay":
        tensor(id, "steps", () => draw.whole(0, Math.min(4, spec.steps - 1)));
        break;
      case "flatten":
      case "avgPool2d":
      case "sumPool2d":
      case "maxPool2d":
      case "dropout":
        break;
      default:
        node satisfies never;
    }
  }
  return new Map([...tensors.keys()].map((name) => [name, values.get(name)!]));
}

/** Pixels, or numbers from −1 to 1; sequences may end early, behind which there is no number to read. */
function drawSamples(draw: Draw, spec: GraphSpec, count: number, unequal: boolean): Samples<DenseFeatures> {
  const { steps, input: { shape, encoder }, readout } = spec;
  const isSequence = encoder.kind === "direct", inputs = sizeOf(shape);
  const size = isSequence ? steps * inputs : inputs;
  const values = Array.from({ length: count * size }, () => draw.number());
  const features = !isSequence && draw.chance(0.5)
    ? Uint8Array.from(values, (value) => Math.floor(127.5 * (value + 1)))
    : Float32Array.from(values);
  const classes = shapesOf(spec).get(readout.node)!.output[0];
  const samples = {
    name: "drawn samples",
    count,
    size,
    features,
    labels: Uint8Array.from({ length: count }, () => draw.whole(0, classes - 1)),
  };
  if (!isSequence || !unequal || draw.chance(0.5)) return samples;
  const lengths = Uint16Array.from({ length: count }, () => draw.whole(readout.begin + 1, steps));
  lengths.forEach((length, i) => features.fill(NaN, i * size + length * inputs, (i + 1) * size));
  return { ...samples, lengths };
}

/** Drafts as a NIR graph: named so that names sort in the order of execution, joined, neurons with their loops as graphs. */
import { InputError } from "../../errors.ts";
import type { GraphSpec } from "../../network/graph.ts";
import { type Edge, INPUT } from "../../network/place.ts";
import { sizeOf } from "../../network/shape.ts";
import type { Constants } from "../constants.ts";
import { Fields } from "../fields.ts";
import { flattenGraph } from "../flatten.ts";
import type { NirGraph, NirNode } from "../graph.ts";
import type { Dataset } from "../hdf5/tree.ts";
import { waits } from "../neuron_primitives.ts";
import { orderGraph } from "../order.ts";
import type { Draft, Drafts } from "./draft.ts";
import { delaysOf, loopsOf } from "./loops.ts";

/** Names and joins the nodes. @throws {InputError} when a loop is cut elsewhere by those that read NIR. */
export function graphOf(spec: GraphSpec, drafts: Drafts, dt: number): NirGraph {
  const nodes = new Map<string, NirNode | NirGraph>(), edges: [string, string][] = [];
  const width = String(drafts.nodes.size).length, names = new Map([[INPUT, "input"]]);
  // Frameworks walk nodes in the order of their names; "input" comes before them, "output" behind.
  let number = 0;
  for (const id of drafts.nodes.keys()) names.set(id, `l${String(++number).padStart(width, "0")}_${id}`);
  const isLoop = loopsOf(drafts), late = new Set<string>();
  const join = (
    edge: Edge,
    to: string,
    target: string,
    steps: number,
    isLate: boolean,
    shape: readonly number[],
  ) => {
    const source = names.get(edge.node)!, from = tailOf(edge.node, source);
    if (steps === 0) {
      if (edges.some((other) => other[0] === source && other[1] === target)) {
        throw new InputError(
          `node ${target}: two edges from ${source}: NIR has one of a kind: scale one of them`,
        );
      }
      edges.push([source, target]);
      if (isLate) late.add(`${from}\0${to}`);
      return;
    }
    const delay = `${target}_after_${edge.node}_${steps}`;
    nodes.set(delay, nirNode("Delay", [["delay", constants(steps * dt, shape)]]));
    edges.push([source, delay], [delay, target]);
    if (isLate) late.add(`${from}\0${delay}`);
    drafts.note(`${delay}: snnTorch, Norse and SpikingJelly read no Delay`);
  };
  const tailOf = (id: string, name: string) => drafts.nodes.get(id)?.loop ? `${name}/l1_${id}` : name;
  nodes.set("input", nirNode("Input", [["shape", whole([spec.input.shape.length], spec.input.shape)]]));
  for (const draft of drafts.nodes.values()) {
    const name = names.get(draft.id)!, to = draft.loop ? `${name}/l1_${draft.id}` : name;
    nodes.set(name, draft.loop ? nested(draft, draft.loop) : nodeOf(draft));
    if (draft.loop) late.add(`${to}\0${name}/l2_${draft.loop.id}`);
    for (const { edge, isLate, steps } of delaysOf(draft, isLoop)) {
      if (isLate) {
        drafts.note(
          `${name}: in a loop that is no graph of its own, frameworks on NIRTorch add what comes back a step later`,
        );
      }
      join(edge, to, name, steps, isLate, draft.input);
    }
  }
  const outputs = drafts.output.map(({ node }) => drafts.nodes.get(node)?.output ?? spec.input.shape);
  nodes.set(
    "output",
    nirNode("Output", [["shape", whole([outputs[0]?.length ?? 1], outputs[0] ?? spec.input.shape)]]),
  );
  for (const edge of drafts.output) {
    join(edge, "output", "output", edge.delay, false, outputs[0] ?? spec.input.shape);
  }
  const graph = { nodes, edges };
  checkLoops(graph, late, dt);
  return graph;
}

/** Checks that a reader of the file, ours among them, finds the same edges a step late. */
function checkLoops(graph: NirGraph, late: ReadonlySet<string>, dt: number): void {
  const reading = { file: "the network", warn: () => {} };
  const flat = flattenGraph(graph, reading);
  const fields = new Map([...flat.nodes].map(([path, node]) => [path, new Fields(path, node, reading)]));
  const { edges } = orderGraph(flat, (path) => waits(fields.get(path)!, dt), reading.file);
  const found = [...edges].flatMap(([to, from]) =>
    from.filter((edge) => edge.isLate).map((edge) => `${edge.from}\0${to}`)
  );
  const other = [...late].find((edge) => !found.includes(edge)) ?? found.find((edge) => !late.has(edge));
  if (other === undefined) return;
  const [from, to] = other.split("\0");
  throw new InputError(
    `the loop through ${from} and ${to}: NIR does not say where a loop waits its step, and its readers would have it wait ` +
      `elsewhere: put the delay of 1 where the loop leaves the neurons that the input reaches last`,
  );
}

/** A neuron with its recurrent product. */
function nested(draft: Draft, loop: Draft): NirGraph {
  const shape = whole([draft.output.length], draft.output);
  const [neuron, back] = [`l1_${draft.id}`, `l2_${loop.id}`];
  return {
    nodes: new Map<string, NirNode>([
      ["input", nirNode("Input", [["shape", shape]])],
      [neuron, nodeOf(draft)],
      [back, nodeOf(loop)],
      ["output", nirNode("Output", [["shape", shape]])],
    ]),
    edges: [["input", neuron], [neuron, back], [back, neuron], [neuron, "output"]],
  };
}

function nodeOf({ type, output, weight, bias, constants: own, whole: sizes }: Draft): NirNode {
  const fields: [string, Dataset][] = [];
  if (weight) fields.push(["weight", { shape: weight.shape, numbers: toFloat32(weight.numbers) }]);
  if (bias) fields.push(["bias", { shape: [bias.length], numbers: toFloat32(bias) }]);
  for (const [name, { shape, numbers }] of sizes) fields.push([name, whole(shape, numbers)]);
  for (const [name, values] of own) fields.push([name, constants(values, output)]);
  return nirNode(type === "Linear" && bias ? "Affine" : type, fields);
}

function nirNode(type: string, fields: readonly (readonly [string, Dataset])[]): NirNode {
  return { type, fields: new Map(fields) };
}

/** A parameter of a population, one number a unit. */
function constants(values: Constants, shape: readonly number[]): Dataset {
  const numbers = typeof values === "number" ? new Float64Array(sizeOf(shape)).fill(values) : values;
  return { shape, numbers };
}

function whole(shape: readonly number[], numbers: readonly number[]): Dataset {
  return { shape, numbers: Float64Array.from(numbers), isWhole: true };
}

/** @throws {InputError} when a number is beyond float32. */
function toFloat32(numbers: Float64Array): Float32Array {
  const rounded = Float32Array.from(numbers);
  if (rounded.every(Number.isFinite)) return rounded;
  throw new InputError("a weight is beyond float32 where it is multiplied by τ/dt: a decay is too near to 1");
}

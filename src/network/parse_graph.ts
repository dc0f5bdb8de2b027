/** Parses a description in JSON, a graph or its short form, to the graph with all defaults. */
import * as v from "valibot";
import { InputError } from "../errors.ts";
import { componentsOf } from "./components.ts";
import { count, counted } from "../text/figures.ts";
import { checkEdges, longestDelay, namesOf } from "./check_edges.ts";
import type { GraphNode, GraphSpec } from "./graph.ts";
import { isNeuronNode } from "./graph.ts";
import { graphSchema, layersSchema, layersWithInputSchema } from "./graph_schema.ts";
import { inferShapes, type ShapedNode } from "./infer_shapes.ts";
import { describeIssues } from "./issues.ts";
import { LIMITS } from "./limits.ts";
import { kindOf } from "./neurons.ts";
import { operatorKindOf } from "./operators.ts";
import { INPUT } from "./place.ts";
import { describeShape } from "./safetensors.ts";
import { sizeOf } from "./shape.ts";
import { expandLayers } from "./short_form.ts";
import { standardisationOf } from "./standardise.ts";

/**
 * Checks a network's description, a graph (`nodes`) or a chain of layers (`layers`), and returns the graph with all defaults. The
 * result of its own result is the same.
 *
 * @param value Parsed JSON, or an object literal.
 * @param where The source in messages, such as a file.
 * @throws {InputError} when parts are missing, unknown or out of range, or contradict each other; the message names the path or the node.
 *
 * @example
 * ```ts
 * import { parseNetworkSpec } from "@spikelet/spikelet";
 *
 * const spec = parseNetworkSpec({
 *   inputs: 784,
 *   steps: 25,
 *   encoder: { kind: "noise", offset: -0.5 },
 *   layers: [
 *     { units: 64, neuron: { kind: "graded", decay: 0.9, threshold: 2, penalty: 2.5 } },
 *     { units: 10, neuron: { kind: "integrator", decay: 0.9 } },
 *   ],
 *   readout: { from: "state", reduce: "mean" },
 *   loss: { kind: "crossEntropy" },
 * });
 * console.log(spec.nodes.map(({ id }) => id)); // [ "fc1", "neuron1", "fc2", "neuron2" ]
 * ```
 */
export function parseNetworkSpec(value: unknown, where = "network"): GraphSpec {
  const isObject = typeof value === "object" && value !== null;
  if (!isObject || !("layers" in value)) return parseNodes(value, where);
  if ("nodes" in value) {
    throw new InputError(
      `${where}: it has nodes and layers: expected either nodes or layers, the short form`,
    );
  }
  return parseLayers(value, where);
}

function parseNodes(value: unknown, where: string): GraphSpec {
  const { steps, input, nodes: described, readout, loss } = parse(graphSchema, value, where);
  const nodes = described.map((node, i): GraphNode => {
    const { id, from = [{ node: described[i - 1]?.id ?? INPUT, delay: 0 }], ...rest } = node;
    return { id, ...rest, from };
  });
  const { node = nodes.at(-1)!.id, ...reading } = readout;
  return check({ steps, input, nodes, readout: { node, ...reading }, loss }, where);
}

function parseLayers(value: object, where: string): GraphSpec {
  if ("input" in value && value.input !== undefined) {
    return check(expandLayers(parse(layersWithInputSchema, value, where)), where);
  }
  const { inputs, encoder, ...others } = parse(layersSchema, value, where);
  return check(expandLayers({ ...others, input: { shape: [inputs], encoder } }), where);
}

function parse<Output>(schema: v.GenericSchema<unknown, Output>, value: unknown, where: string): Output {
  const parsed = v.safeParse(schema, value);
  if (!parsed.success) throw new InputError(`${where}: ${describeIssues(parsed.issues)}`);
  return parsed.output;
}

/** Checks the parts of a description against each other. */
function check(spec: GraphSpec, where: string): GraphSpec {
  checkInput(spec, where);
  checkEdges(spec.nodes, spec.steps, where);
  checkLoops(spec, where);
  checkReadout(spec, inferShapes(spec.nodes, spec.input.shape, where), where);
  const isHeld = (node: GraphNode) =>
    isNeuronNode(node) && node.id !== spec.readout.node && kindOf(node).hasSurrogate;
  if (spec.loss.rate && !spec.nodes.some(isHeld)) {
    throw new InputError(
      `${where}: loss.rate: no layer below the one that is read has a firing rate that can be learned: ` +
        "expected one with a surrogate derivative, such as lif",
    );
  }
  return spec;
}

/** What needs all steps of all samples at once cannot be part of a loop, where a step needs those before. */
function checkLoops(spec: GraphSpec, where: string): void {
  for (const { nodes, isLoop } of componentsOf(spec)) {
    const node = nodes.map((place) => spec.nodes[place]!).find((node) =>
      !isNeuronNode(node) && operatorKindOf(node).batchSums
    );
    if (!isLoop || !node) continue;
    throw new InputError(
      `${where}: node ${node.id}: ${node.kind} normalises over all steps, but is part of a loop, where a step needs ` +
        "those before: expected it outside of the loop",
    );
  }
}

function checkInput({ input: { shape, encoder } }: GraphSpec, where: string): void {
  if (sizeOf(shape) > LIMITS.inputs) {
    throw new InputError(
      `${where}: input.shape: ${describeShape(shape)} are ${
        sizeOf(shape)
      } numbers: expected 1 to ${LIMITS.inputs}`,
    );
  }
  checkChannels({ shape, encoder }, where);
  if (encoder.kind === "delta" && encoder.channels === "both" && shape[0] % 2 === 1) {
    const [what, path] = shape.length === 1 ? ["inputs", "inputs"] : ["channels", "input.shape"];
    throw new InputError(
      `${where}: ${path}: ${
        shape[0]
      }, but the delta encoder makes two ${what} of each channel: expected an even number`,
    );
  }
}

/** Checks that there is one number for all inputs or one a channel. */
function checkChannels({ shape, encoder }: GraphSpec["input"], where: string): void {
  const { mean, deviation } = standardisationOf(encoder) ?? {};
  for (const [field, { length = 1 } = {}] of Object.entries({ mean, deviation })) {
    if (length === 1 || length === shape[0]) continue;
    const inputs = shape.length === 1
      ? `there are ${counted(shape[0], "input")}`
      : `input.shape ${describeShape(shape)} has ${counted(shape[0], "channel")}`;
    throw new InputError(
      `${where}: encoder.${field}: ${counted(length, "number")}, but ${inputs}: expected 1${
        shape[0] === 1 ? "" : ` or ${count(shape[0])}`
      }`,
    );
  }
}

function checkReadout(
  { readout, nodes, steps }: GraphSpec,
  shaped: readonly ShapedNode[],
  where: string,
): void {
  const { node: id, begin, delay } = readout;
  const read = shaped.find(({ node }) => node.id === id);
  if (!read || !isNeuronNode(read.node)) {
    const neurons = nodes.filter(isNeuronNode).map((node) => node.id);
    throw new InputError(
      `${where}: readout.node: ${
        read ? `${id} is of kind ${read.node.kind}` : `there is no node ${JSON.stringify(id)}`
      }: ` +
        `expected a node of neurons${
          neurons.length > 0 ? `: ${namesOf(neurons)}` : ", such as an integrator"
        }`,
    );
  }
  const [classes] = read.shape;
  if (read.shape.length > 1) {
    throw new InputError(
      `${where}: readout.node: ${id} has the shape ${describeShape(read.shape)}: expected [classes], ` +
        "as after an affine or flatten operator",
    );
  }
  if (classes > LIMITS.classes) {
    throw new InputError(
      `${where}: readout.node: ${id} has ${classes} units, one a class: expected 1 to ${LIMITS.classes}`,
    );
  }
  if (begin >= steps) {
    throw new InputError(
      `${where}: readout.begin: ${begin}, but there are ${steps} steps: expected 0 to ${steps - 1}`,
    );
  }
  if (delay > longestDelay(steps)) {
    throw new InputError(
      `${where}: readout.delay: ${delay}, but there are ${steps} steps: expected 0 to ${longestDelay(steps)}`,
    );
  }
}

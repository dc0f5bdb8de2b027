/** Shapes of a NIR graph's nodes, from the input and the nodes' own fields on. */
import { InputError } from "../errors.ts";
import { LIMITS } from "../network/limits.ts";
import { describeShape } from "../network/safetensors.ts";
import { sizeOf } from "../network/shape.ts";
import { oneLine } from "../text/one_line.ts";
import { Fields, isSame, type NirShape } from "./fields.ts";
import { type FlatGraph, NETWORK_INPUT } from "./flatten.ts";
import { PRIMITIVES } from "./primitives.ts";
import type { Reading } from "./reading.ts";

/** What is known of a node's shapes. */
export interface NodeShapes {
  readonly input: NirShape;
  readonly output: NirShape;
}

/** The most dimensions that a network here has. */
const AXES = 3;

/**
 * Infers all shapes. In a loop a node's input is known as soon as that of one of its edges is.
 *
 * @param fieldsOf Fields by the path of their node.
 * @returns By path; that of the network's input under its own name.
 * @throws {InputError} when shapes do not fit, or one is not known.
 */
export function inferNirShapes(
  graph: FlatGraph,
  fieldsOf: ReadonlyMap<string, Fields>,
  reading: Reading,
): ReadonlyMap<string, NodeShapes> {
  const shape = new Fields("Input", graph.input, reading).wholeNumbers("shape", 1);
  if (shape.length < 1 || shape.length > AXES || sizeOf(shape) > LIMITS.inputs) {
    throw new InputError(
      `${reading.file}: node Input: its shape is ${
        describeShape(shape)
      }: expected [units], [channels, width] or ` +
        `[channels, height, width], without batch and time, ${LIMITS.inputs} numbers at most`,
    );
  }
  const outputs = new Map<string, NirShape>([[NETWORK_INPUT, shape]]);
  for (let before = 0; before < outputs.size;) {
    before = outputs.size;
    for (const [path, fields] of fieldsOf) {
      if (outputs.has(path)) continue;
      const source = graph.sources.get(path)!.find((from) => outputs.has(from));
      const output = shapeOf(fields, source === undefined ? undefined : outputs.get(source)!);
      if (output) outputs.set(path, output);
    }
  }
  const shapes = new Map<string, NodeShapes>([[NETWORK_INPUT, { input: shape, output: shape }]]);
  for (const [path, fields] of fieldsOf) {
    const input = sumOf(fields, graph.sources.get(path)!, outputs);
    shapes.set(path, { input, output: shapeOf(fields, input)! });
  }
  checkDoors(graph, outputs, reading);
  return shapes;
}

function shapeOf(fields: Fields, input: NirShape | undefined): NirShape | undefined {
  const shape = PRIMITIVES.get(fields.type)!.outputShape(fields, input);
  if (shape && shape.length > AXES) {
    throw fields.error(
      `its shape is ${
        describeShape(shape)
      }: expected [units], [channels, width] or [channels, height, width], ` +
        "without batch and time",
    );
  }
  if (shape && sizeOf(shape) > LIMITS.neurons) {
    throw fields.error(`its shape is ${describeShape(shape)}: expected ${LIMITS.neurons} numbers at most`);
  }
  return shape;
}

/** The shape that all edges of a node bring. */
function sumOf(fields: Fields, sources: readonly string[], outputs: ReadonlyMap<string, NirShape>): NirShape {
  if (sources.length === 0) throw fields.error("no edge leads to it: expected one or more");
  const brought = sources.map((from) => {
    const shape = outputs.get(from);
    if (shape) return { from, shape };
    throw fields.error(
      `the shape of ${oneLine(from)}, which leads to it, is unknown: expected a path to it from Input, or ` +
        "parameters of its shape",
    );
  });
  const [first, ...others] = brought, other = others.find(({ shape }) => !isSame(shape, first!.shape));
  if (!other) return first!.shape;
  const name = (from: string) => from === NETWORK_INPUT ? "Input" : oneLine(from);
  throw fields.error(
    `${name(first!.from)} brings ${describeShape(first!.shape)}, but ${name(other.from)} ${
      describeShape(other.shape)
    }: edges of a node are summed; expected one shape`,
  );
}

/** Checks what Inputs and Outputs say of shapes: the network does not depend on it. */
function checkDoors(graph: FlatGraph, outputs: ReadonlyMap<string, NirShape>, reading: Reading): void {
  for (const { path, node, sources } of graph.doors) {
    const own = new Fields(path, node, reading).wholeNumbers("shape", 0);
    for (const from of sources) {
      const shape = outputs.get(from)!;
      if (isSame(own, shape)) continue;
      const fault = `node ${oneLine(path)} (${node.type}): its shape is ${describeShape(own)}, but ${
        describeShape(shape)
      } comes in`;
      if (!path.includes("/") && sizeOf(own) !== sizeOf(shape)) {
        throw new InputError(`${reading.file}: ${fault}: expected ${describeShape(shape)}`);
      }
      reading.warn(`${fault}; ${describeShape(shape)} was taken`);
      break;
    }
  }
}

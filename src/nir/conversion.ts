/** From an ordered NIR graph to the nodes and tensors of a network. */
import { InputError } from "../errors.ts";
import type { Edge } from "../network/graph.ts";
import { describeShape } from "../network/safetensors.ts";
import { isSameShape, type Shape, sizeOf } from "../network/shape.ts";
import { areAll, type Constants, simplest } from "./constants.ts";
import type { Fields, NirShape } from "./fields.ts";
import { NETWORK_INPUT } from "./flatten.ts";
import type { NirOptions } from "./options.ts";
import type { NirEdge, OrderedGraph } from "./order.ts";
import type { BareNode, NodeTensors, Target } from "./primitive.ts";
import { PRIMITIVES } from "./primitives.ts";
import type { NodeShapes } from "./shapes.ts";

/** A node of the network before its edges are known: NIR's edges, or nodes that were added before it. */
interface DraftNode {
  readonly id: string;
  /** The NIR node that it belongs to. */
  readonly path: string;
  readonly node: BareNode;
  readonly from: readonly (NirEdge | { readonly id: string })[];
}

/** What of a NIR file becomes a network's description. */
export interface Converted {
  /** In their order, with edges. */
  readonly nodes: readonly (BareNode & { readonly id: string; readonly from: readonly Edge[] })[];
  /** By name. */
  readonly tensors: ReadonlyMap<string, Float32Array>;
  /** The nodes' ids by the paths of the NIR nodes that they stand for. */
  readonly ids: ReadonlyMap<string, string>;
  /** The edges that stand for what a NIR node gives. */
  edgesOf(path: string): readonly Edge[];
  /** The shape of a network's node, `"input"` among them. */
  shapeOf(id: string): Shape;
  /** A name that no node has. */
  freeId(name: string): string;
}

/** Operators whose rows are those of the neurons behind them. */
const FOLDABLE = ["affine", "conv2d"];

/** A shape of a network here: of `[channels, width]` those are the columns. */
export function ownShape(shape: NirShape): Shape {
  const [first = 1, second = 1, third] = shape;
  return shape.length === 1 ? [first] : third === undefined ? [first, 1, second] : [first, second, third];
}

/** Converts all nodes. @throws {InputError} when a node cannot be one here. */
export function convertGraph(
  { order, edges, shortened }: OrderedGraph,
  fieldsOf: ReadonlyMap<string, Fields>,
  shapes: ReadonlyMap<string, NodeShapes>,
  options: NirOptions,
  steps: number,
): Converted {
  const ids = new Map<string, string>(), taken = new Set(["input"]);
  const freeId = (name: string) => {
    const base = name.replaceAll(/[^A-Za-z0-9_-]/g, "_").slice(0, 56) || "node";
    let id = base;
    for (let number = 2; taken.has(id); number++) id = `${base}_${number}`;
    taken.add(id);
    return id;
  };
  for (const path of order) ids.set(path, freeId(path));
  const readers = new Map<string, number>();
  for (const from of edges.values()) {
    for (const edge of from) readers.set(edge.from, (readers.get(edge.from) ?? 0) + 1);
  }
  const drafts: DraftNode[] = [], tensors = new Map<string, Float64Array>(), passed = new Set<string>();
  for (const path of order) {
    const fields = fieldsOf.get(path)!, { input, output } = shapes.get(path)!, id = ids.get(path)!;
    let from: DraftNode["from"] = edges.get(path)!;
    const put = (name: string, node: BareNode, values: NodeTensors) => {
      drafts.push({ id: name, path, node, from });
      for (const [tensor, numbers] of Object.entries(values)) {
        tensors.set(`${name}.${tensor}`, Float64Array.from(numbers));
      }
      from = [{ id: name }];
    };
    const target: Target = {
      options,
      steps,
      isShortened: shortened.has(path),
      add: (node, values = {}) => put(id, node, values),
      addBefore: (suffix, node, values = {}) => put(freeId(`${path}_${suffix}`), node, values),
      pass: () => passed.add(path),
      multiply(gain) {
        if (areAll(gain, 1)) return;
        const own = edges.get(path)!, left = own.filter((edge) => !fold(edge, gain, input));
        if (left.length === 0) return;
        from = left;
        const weight = typeof gain === "number" ? new Float64Array(sizeOf(input)).fill(gain) : gain;
        put(freeId(`${path}_gain`), { kind: "scale" }, { weight });
        from = [...own.filter((edge) => !left.includes(edge)), ...from];
      },
    };
    PRIMITIVES.get(fields.type)!.convert(fields, input, target);
    if (passed.has(path) && sizeOf(input) !== sizeOf(output)) throw new Error(`${path} changes its size`);
  }
  return finish();

  /** Multiplies the weights and bias of an operator that a node alone reads. @returns Whether it could be done. */
  function fold(edge: NirEdge, gain: Constants, shape: NirShape): boolean {
    const source = drafts.find(({ path }) => path === edge.from);
    if (edge.isLate || readers.get(edge.from) !== 1 || !source || passed.has(edge.from)) return false;
    if (!FOLDABLE.includes(source.node.kind)) return false;
    const rows = rowGains(gain, source.node.kind === "conv2d" ? shape[0]! : sizeOf(shape));
    if (!rows) return false;
    for (const name of ["weight", "bias"]) {
      const values = tensors.get(`${source.id}.${name}`);
      if (!values) continue;
      const width = values.length / rows.length;
      values.forEach((value, i) => values[i] = value * rows[Math.floor(i / width)]!);
    }
    return true;
  }

  function finish(): Converted {
    const own = new Map<string, Shape>([["input", ownShape(shapes.get(NETWORK_INPUT)!.output)]]);
    const resolve = ({ from, isLate }: NirEdge): Edge[] => {
      const delay = isLate ? 1 : 0;
      if (from === NETWORK_INPUT) return [{ node: "input", delay }];
      if (!passed.has(from)) return [{ node: ids.get(from)!, delay }];
      return edges.get(from)!.flatMap(resolve).map((edge) => ({ ...edge, delay: edge.delay + delay }));
    };
    const edgesOfDraft = ({ from }: DraftNode): Edge[] =>
      from.flatMap((edge) => "id" in edge ? [{ node: edge.id, delay: 0 }] : resolve(edge));
    // Shapes here differ from NIR's behind what was left out: its numbers keep their order, and their places.
    const isPlain = (kind: string) => ["lif", "integrator", "scale", "delay"].includes(kind);
    for (const draft of drafts) {
      if (!isPlain(draft.node.kind)) own.set(draft.id, ownShape(shapes.get(draft.path)!.output));
    }
    for (let before = -1; before < own.size;) {
      before = own.size;
      for (const draft of drafts.filter(({ id }) => !own.has(id))) {
        const known = edgesOfDraft(draft).map(({ node }) => own.get(node)).filter((shape) =>
          shape !== undefined
        );
        const [first] = known;
        if (first) {
          own.set(
            draft.id,
            known.every((shape) => isSameShape(shape, first)) ? first : [sizeOf(first)],
          );
        }
      }
    }
    const nodes: (BareNode & { id: string; from: Edge[] })[] = [];
    for (const draft of drafts) {
      const { id, node, path } = draft, fields = fieldsOf.get(path)!;
      let from = edgesOfDraft(draft);
      const different = from.some((edge) => !isSameShape(own.get(edge.node)!, own.get(from[0]!.node)!));
      const isFlat = different || (isPlain(node.kind) && own.get(id)!.length === 1);
      if (isFlat) {
        from = from.map((edge) => {
          if (own.get(edge.node)!.length === 1) return edge;
          const flat = freeId(`${edge.node}_flat`);
          own.set(flat, [sizeOf(own.get(edge.node)!)]);
          nodes.push({ kind: "flatten", id: flat, from: [edge] });
          return { node: flat, delay: 0 };
        });
      }
      const wanted = ownShape(shapes.get(path)!.input), found = own.get(from[0]!.node)!;
      const isSpatial = node.kind === "conv2d" || node.kind === "avgPool2d" || node.kind === "sumPool2d";
      if (isSpatial && !isSameShape(wanted, found)) {
        throw fields.error(
          `${describeShape(shapes.get(path)!.input)} comes in, but as ${
            describeShape(found)
          }, since a Flatten before ` +
            "it is no node here: expected none",
        );
      }
      nodes.push({ ...node, id, from });
    }
    return {
      nodes,
      tensors: new Map([...tensors].map(([name, values]) => [name, toFloat32(name, values)])),
      ids,
      edgesOf: (path) => resolve({ from: path, isLate: false }),
      shapeOf: (id) => own.get(id)!,
      freeId,
    };
  }
}

/** One factor a row, where all units of a row have the same. */
function rowGains(gain: Constants, rows: number): Float64Array | undefined {
  if (typeof gain === "number") return new Float64Array(rows).fill(gain);
  const width = gain.length / rows;
  const gains = Array.from(
    { length: rows },
    (_, row) => simplest(gain.subarray(row * width, (row + 1) * width)),
  );
  return gains.every((value) => typeof value === "number") ? Float64Array.from(gains) : undefined;
}

/** @throws {InputError} when a number is beyond float32. */
function toFloat32(name: string, values: Float64Array): Float32Array {
  const rounded = Float32Array.from(values), wrong = rounded.findIndex((value) => !Number.isFinite(value));
  if (wrong < 0) return rounded;
  throw new InputError(
    `tensor ${name}: value ${wrong} is ${values[wrong]}: expected a number that float32 holds`,
  );
}

/** From the groups of a file to a NIR graph: names and edges checked, small slips repaired with a warning. */
import { InputError } from "../errors.ts";
import { namesOf } from "../network/check_edges.ts";
import { oneLine } from "../text/one_line.ts";
import type { NirGraph, NirNode } from "./graph.ts";
import { type Dataset, type Group, isGroup } from "./hdf5/tree.ts";
import { PRIMITIVES } from "./primitives.ts";
import type { Reading } from "./reading.ts";

/** The type of a graph that stands in place of a node. */
const GRAPH = "NIRGraph";
/** Free notes, which no reader relies on. */
const METADATA = "metadata";

/** Reads the graph of a whole file. @throws {InputError} that names the place. */
export function parseNirGraph(root: Group, reading: Reading): NirGraph {
  const node = root.get("node");
  if (!node || !isGroup(node)) {
    const found = root.size === 0 ? "nothing" : namesOf([...root.keys()].map((name) => oneLine(name)));
    const what = root.has("__type__") ? "NIR data, not a network" : "an HDF5 file, but no NIR network";
    throw new InputError(`${reading.file}: ${what}: it has ${found}; expected a group /node`);
  }
  return parseGroup(node, "", reading);
}

function parseGroup(group: Group, prefix: string, reading: Reading): NirGraph {
  const { file } = reading, where = prefix === "" ? file : `${file}: graph ${prefix.slice(0, -1)}`;
  const inside = group.get("nodes");
  if (!inside || !isGroup(inside)) throw new InputError(`${where}: no group of nodes: the file is damaged`);
  const nodes = new Map(
    [...inside].map(([name, node]): [string, NirNode | NirGraph] => {
      const path = `${prefix}${name}`;
      if (!isGroup(node)) throw new InputError(`${file}: node ${oneLine(path)}: numbers, expected a group`);
      return [name, parseNode(node, path, reading)];
    }),
  );
  return { nodes, edges: parseEdges(group.get("edges"), nodes, prefix, where, reading) };
}

function parseNode(group: Group, path: string, reading: Reading): NirNode | NirGraph {
  const where = `${reading.file}: node ${oneLine(path)}`;
  const type = textOf(group.get("type"));
  if (type === undefined) throw new InputError(`${where}: it has no type: the file is damaged`);
  if (type === GRAPH) return parseGroup(group, `${path}/`, reading);
  const primitive = PRIMITIVES.get(type);
  if (!primitive) {
    throw new InputError(
      `${where}: its type ${oneLine(JSON.stringify(type))} is not known: expected ${
        [...PRIMITIVES.keys()].join(", ")
      } or ${GRAPH}`,
    );
  }
  const known = [...primitive.required, ...primitive.optional];
  const fields = new Map<string, Dataset>();
  for (const [name, field] of group) {
    if (name === "type" || name === METADATA) continue;
    if (isGroup(field) || !known.includes(name)) {
      reading.warn(
        `node ${oneLine(path)} (${type}): ${oneLine(name)} is none of its fields, and was left out`,
      );
      continue;
    }
    fields.set(name, field);
  }
  const missing = primitive.required.filter((name) => !fields.has(name));
  if (missing.length > 0) {
    throw new InputError(`${where} (${type}): ${missing.join(", ")} missing: expected ${known.join(", ")}`);
  }
  return { type, fields };
}

function parseEdges(
  edges: Group | Dataset | undefined,
  nodes: NirGraph["nodes"],
  prefix: string,
  where: string,
  reading: Reading,
): (readonly [string, string])[] {
  if (!edges || isGroup(edges)) throw new InputError(`${where}: no edges: the file is damaged`);
  if (edges.shape.reduce((product, extent) => product * extent, 1) === 0) return [];
  if (!("strings" in edges) || edges.shape.length !== 2 || edges.shape[1] !== 2) {
    throw new InputError(
      `${where}: its edges are [${edges.shape.join(", ")}]: expected rows of two names: the file is damaged`,
    );
  }
  const found = new Map<string, readonly [string, string]>();
  for (let row = 0; row < edges.shape[0]!; row++) {
    const [from = "", to = ""] = edges.strings.slice(2 * row, 2 * row + 2);
    const edge = [nodeOf(from, from, to), nodeOf(to, from, to)] as const;
    found.set(edge.join("\0"), edge); // edges may repeat
  }
  return [...found.values()];

  /** The node that an end of an edge names; where there is none, the only one whose name begins so. */
  function nodeOf(end: string, from: string, to: string): string {
    if (nodes.has(end)) return end;
    const words = `edge ${oneLine(`${prefix}${from}`)} → ${oneLine(`${prefix}${to}`)}: there is no node ${
      oneLine(`${prefix}${end}`)
    }`;
    const near = [...nodes.keys()].filter((name) => end !== "" && name.startsWith(end));
    if (near.length !== 1) throw new InputError(`${where}: ${words}: expected ${namesOf([...nodes.keys()])}`);
    reading.warn(`${words}; ${near[0]} was taken, the only one whose name begins so`);
    return near[0]!;
  }
}

function textOf(entry: Group | Dataset | undefined): string | undefined {
  return entry && !isGroup(entry) && "strings" in entry ? entry.strings[0] : undefined;
}

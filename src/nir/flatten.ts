/** From graphs within graphs to one graph: nodes are called `outer/inner`, and the inner Input and Output are passed through. */
import { InputError } from "../errors.ts";
import { namesOf } from "../network/check_edges.ts";
import { oneLine } from "../text/one_line.ts";
import { isNirGraph, type NirGraph, type NirNode } from "./graph.ts";
import type { Reading } from "./reading.ts";

/** One graph without graphs in it. */
export interface FlatGraph {
  /** By their paths, without Input and Output, in the order of the file. */
  readonly nodes: ReadonlyMap<string, NirNode>;
  /** For each node the sources that are summed, `""` for the network's input. */
  readonly sources: ReadonlyMap<string, readonly string[]>;
  /** The sources of the network's output. */
  readonly output: readonly string[];
  /** The network's Input, which has its shape. */
  readonly input: NirNode;
  /** Outputs' and inner Inputs' nodes, whose shapes are checked, with their sources. */
  readonly doors: readonly {
    readonly path: string;
    readonly node: NirNode;
    readonly sources: readonly string[];
  }[];
}

/** The network's input among a node's sources. */
export const NETWORK_INPUT = "";

/** A node while graphs are opened. */
interface Part {
  readonly path: string;
  readonly node: NirNode;
  readonly sources: Part[];
  /** An Input or Output. */
  readonly isDoor: boolean;
}

/** Makes one graph of all. @throws {InputError} when a graph has not one Input and one Output. */
export function flattenGraph(graph: NirGraph, reading: Reading): FlatGraph {
  const parts: Part[] = [];
  const { input, output } = open(graph, "", parts, reading);
  const own = parts.filter(({ isDoor }) => !isDoor);
  const resolve = (part: Part) => sourcesOf(part, input, reading);
  return {
    nodes: new Map(own.map(({ path, node }) => [path, node])),
    sources: new Map(own.map((part) => [part.path, resolve(part)])),
    output: resolve(output),
    input: input.node,
    doors: parts.filter((part) => part.isDoor && part !== input)
      .map((part) => ({ path: part.path, node: part.node, sources: resolve(part) })),
  };
}

/** Adds a graph's nodes, and returns its Input and Output. */
function open(
  graph: NirGraph,
  prefix: string,
  parts: Part[],
  reading: Reading,
): { input: Part; output: Part } {
  const heads = new Map<string, Part>(), tails = new Map<string, Part>();
  for (const [name, node] of graph.nodes) {
    const path = `${prefix}${name}`;
    if (isNirGraph(node)) {
      const { input, output } = open(node, `${path}/`, parts, reading);
      heads.set(name, input);
      tails.set(name, output);
      continue;
    }
    const part = { path, node, sources: [], isDoor: node.type === "Input" || node.type === "Output" };
    parts.push(part);
    heads.set(name, part);
    tails.set(name, part);
  }
  for (const [from, to] of graph.edges) heads.get(to)!.sources.push(tails.get(from)!);
  const only = (type: string) => {
    const found = [...graph.nodes].flatMap(([name, node]) =>
      !isNirGraph(node) && node.type === type ? [name] : []
    );
    const [name] = found;
    if (name !== undefined && found.length === 1) return heads.get(name)!;
    const where = prefix === "" ? reading.file : `${reading.file}: graph ${prefix.slice(0, -1)}`;
    const what = found.length === 0 ? `no ${type} node` : `${found.length} ${type} nodes, ${namesOf(found)}`;
    throw new InputError(`${where}: ${what}: expected one`);
  };
  return { input: only("Input"), output: only("Output") };
}

/** A node's sources, through Inputs and Outputs. */
function sourcesOf(part: Part, input: Part, reading: Reading): string[] {
  const through = (door: Part, passed: readonly Part[]): string[] => {
    if (door === input) return [NETWORK_INPUT];
    if (!door.isDoor) return [door.path];
    if (passed.includes(door)) {
      throw new InputError(
        `${reading.file}: node ${
          oneLine(door.path)
        }: a cycle leads through it that holds no neuron: nothing in it is a step old`,
      );
    }
    return door.sources.flatMap((source) => through(source, [...passed, door]));
  };
  return part.sources.flatMap((source) => through(source, part.isDoor ? [part] : []));
}

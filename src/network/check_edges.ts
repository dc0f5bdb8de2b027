/** Checks the names and edges of a graph. */
import { InputError } from "../errors.ts";
import { oneLine } from "../text/one_line.ts";
import type { GraphNode } from "./graph.ts";
import { INPUT } from "./place.ts";

/** The longest delay in a network of so many steps. A network of one step may have a delay of 1, whose edge carries 0. */
export function longestDelay(steps: number): number {
  return Math.max(1, steps - 1);
}

/**
 * Checks names and edges: names are distinct, an edge names a node or the input, and an edge without delay names an earlier node, so
 * that every cycle has a delay.
 *
 * @throws {InputError} that names the node.
 */
export function checkEdges(nodes: readonly GraphNode[], steps: number, where: string): void {
  const places = new Map<string, number>();
  nodes.forEach(({ id }, place) => {
    if (places.has(id)) {
      throw new InputError(
        `${where}: nodes.${place}.id: ${id} is also the name of nodes.${
          places.get(id)
        }: expected distinct names`,
      );
    }
    places.set(id, place);
  });
  nodes.forEach(({ id, from }, place) => {
    for (const { node, delay } of from) {
      const fault = faultOf(node, delay, place, places, steps);
      if (fault !== undefined) throw new InputError(`${where}: node ${id}: from: ${fault}`);
    }
  });
}

function faultOf(
  node: string,
  delay: number,
  place: number,
  places: ReadonlyMap<string, number>,
  steps: number,
): string | undefined {
  const source = node === INPUT ? -1 : places.get(node);
  if (source === undefined) {
    return `there is no node ${oneLine(JSON.stringify(node))}: expected ${
      namesOf([INPUT, ...places.keys()])
    }`;
  }
  const longest = longestDelay(steps);
  if (delay > longest) {
    return `a delay of ${delay} from ${node}, but there are ${steps} steps: expected 0 to ${longest}`;
  }
  if (delay > 0 || source < place) return undefined;
  return source === place
    ? `a cycle needs a delay: expected { "node": "${node}", "delay": 1 } or more`
    : `${node} is a later node: an edge without delay comes from an earlier one; put ${node} first, ` +
      `or, in a cycle, give the edge a delay of 1 or more`;
}

/** A list of names for a message: of many, the first ones. */
export function namesOf(names: readonly string[], most = 12): string {
  return names.length <= most ? names.join(", ") : `${names.slice(0, most).join(", ")}, …`;
}

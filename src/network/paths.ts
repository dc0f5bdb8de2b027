/** Finds what a population's outputs reach in a network. */
import type { NetworkSpec } from "./spec.ts";
import { structureOf } from "./structure.ts";

/**
 * The populations that a population's outputs reach in any number of steps, itself included.
 *
 * @param population An index into {@linkcode Structure.populations}, as the result's are.
 * @param isClosed Populations that pass nothing on, such as silent ones; they are reached themselves. @default {none}
 */
export function populationsFrom(
  spec: NetworkSpec,
  population: number,
  isClosed: (population: number) => boolean = () => false,
): ReadonlySet<number> {
  const { nodes, populations } = structureOf(spec);
  const indices = new Map(populations.map(({ id, index }) => [id, index]));
  const reached = new Set<string>(), open = [populations[population]!.id];
  for (let id; (id = open.pop()) !== undefined;) {
    const index = indices.get(id);
    if (reached.has(id)) continue;
    reached.add(id);
    if (index !== undefined && isClosed(index)) continue;
    for (const { node } of nodes) if (node.from.some((edge) => edge.node === id)) open.push(node.id);
  }
  return new Set(populations.filter(({ id }) => reached.has(id)).map(({ index }) => index));
}

/**
 * The reference cases of tests/reference/graphs: autograd's numbers for networks that are graphs.
 *
 * @module
 */
import assert from "node:assert/strict";
import type { GraphSpec } from "../../src/network/graph.ts";
import { parseNetworkSpec } from "../../src/network/parse_graph.ts";
import { parseSafetensors } from "../../src/network/safetensors.ts";
import type { EncodedBatch } from "./reference_graph.ts";
import { sizeOf } from "./reference_operators.ts";

const FOLDER = new URL("../reference/graphs/", import.meta.url);

/** One file. */
export interface GoldenGraph {
  readonly name: string;
  readonly spec: GraphSpec;
  readonly parameters: Map<string, Float32Array>;
  readonly batch: EncodedBatch;
  readonly learningRate: number;
  readonly momentum: number;
  /** Names of the tensors that have a gradient. */
  readonly learned: readonly string[];
  /** Any tensor of the file, by name. */
  readonly floats: (name: string) => Float32Array;
}

/** Names of all files. */
export const GOLDEN_GRAPHS: readonly string[] = [...Deno.readDirSync(FOLDER)]
  .map(({ name }) => name.replace(".safetensors", ""))
  .toSorted();

/** Reads `tests/reference/graphs/<name>.safetensors`. */
export function readGoldenGraph(name: string): GoldenGraph {
  const bytes = Deno.readFileSync(new URL(`${name}.safetensors`, FOLDER));
  const { metadata, tensors } = parseSafetensors(bytes, name);
  const floats = (key: string) => {
    const data = tensors.get(key)?.data;
    assert.ok(data instanceof Float32Array, `${name}: ${key}`);
    return data;
  };
  const spec = parseNetworkSpec(JSON.parse(metadata["network"]!), name);
  const labels = Uint8Array.from(tensors.get("y")!.data, Number);
  const x = floats("x"), size = sizeOf(spec.input.shape);
  const isResult = /^(x|y|logits|logp|loss|grad\..*|.*\.(state|output|after[12]))$/;
  return {
    name,
    spec,
    parameters: new Map(
      [...tensors.keys()].filter((key) => !isResult.test(key)).map((key) => [key, floats(key)]),
    ),
    batch: {
      x: Array.from(
        labels,
        (_, sample) =>
          Array.from({ length: spec.steps }, (_, t) => {
            const at = (t * labels.length + sample) * size;
            return Float64Array.from(x.subarray(at, at + size));
          }),
      ),
      labels,
    },
    learningRate: Number(metadata["learning_rate"]),
    momentum: Number(metadata["momentum"]),
    learned: [...tensors.keys()].filter((key) => key.startsWith("grad.")).map((key) => key.slice(5)),
    floats,
  };
}

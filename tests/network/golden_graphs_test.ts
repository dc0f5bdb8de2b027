import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";
import { componentsOf } from "../../src/network/components.ts";
import { parseNetworkSpec } from "../../src/network/parse_graph.ts";
import { parseSafetensors } from "../../src/network/safetensors.ts";
import { isLearned, structureOf } from "../../src/network/structure.ts";

const GRAPHS = new URL("../reference/graphs/", import.meta.url);

for (const { name } of Deno.readDirSync(GRAPHS)) {
  Deno.test(`structureOf() names and shapes what autograd's graph ${name} has`, async () => {
    const file = fileURLToPath(new URL(name, GRAPHS));
    const { metadata, tensors } = parseSafetensors(await Deno.readFile(file), name);
    const spec = parseNetworkSpec(JSON.parse(metadata.network ?? ""), name);
    const shapeOf = (tensor: string) => tensors.get(tensor)?.shape;
    const structure = structureOf(spec);
    for (const tensor of structure.tensors) {
      assert.deepEqual(shapeOf(tensor.name), [...tensor.shape], tensor.name);
      assert.equal(tensors.has(`grad.${tensor.name}`), isLearned(tensor), tensor.name);
    }
    const known = new Set(structure.tensors.map(({ name }) => name));
    const others = [...tensors.keys()].filter((name) => /^\w+\.(weight|bias|steps|decay)$/.test(name));
    assert.deepEqual(others.filter((name) => !known.has(name)), []);
    for (const { id, shape } of structure.populations) {
      const state = shapeOf(`${id}.state`);
      if (state) assert.deepEqual(state.slice(2), [...shape], id);
    }
    const [steps, , ...input] = shapeOf("x") ?? [];
    assert.deepEqual([steps, input], [spec.steps, [...structure.inputShape]]);
    const loops = componentsOf(spec).filter(({ isLoop }) => isLoop).map(({ nodes }) =>
      nodes.map((node) => spec.nodes[node]?.id)
    );
    assert.deepEqual(loops, LOOPS[name.replace(".safetensors", "")] ?? []);
  });
}

/** Those of the graphs that have some. */
const LOOPS: Readonly<Record<string, readonly (readonly string[])[]>> = {
  delayed_feedback: [["back", "graded1"]],
  layers_short_form: [["rec1", "neuron1"]],
  loop_of_two: [["back", "lif1", "forth", "lif2"]],
  recurrent_affine: [["rec1", "lif1"]],
  recurrent_conv: [["back1", "lif1"]],
};

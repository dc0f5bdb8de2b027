import assert from "node:assert/strict";
import { join } from "node:path";
import { InputError } from "../../src/errors.ts";
import {
  affine,
  avgPool2d,
  batchNorm,
  conv2d,
  dropout,
  graded,
  integrator,
  layer,
  lif,
  maxPool2d,
  network,
} from "../../src/network/builder.ts";
import type { GraphNode, GraphSpec } from "../../src/network/graph.ts";
import { parseNetworkSpec } from "../../src/network/parse_graph.ts";
import { structureOf } from "../../src/network/structure.ts";
import { flattenGraph } from "../../src/nir/flatten.ts";
import { isNirGraph, type NirGraph, type NirNode } from "../../src/nir/graph.ts";
import { readHdf5 } from "../../src/nir/hdf5/read.ts";
import { parseNirGraph } from "../../src/nir/parse_graph.ts";
import { readNir } from "../../src/nir/read_nir.ts";
import { encodeNir } from "../../src/nir/write_nir.ts";
import { named } from "../deno_version.ts";
import { runReference } from "../graph/compare_with_reference.ts";
import { describeGraph, drawForGraph, drawGraph, type DrawnGraph } from "../graph/drawn_graphs.ts";
import { inTemporaryFolder } from "../temporary_folder.ts";
import { findPythonWithNir, runPython } from "./python_nir.ts";

/** The graph of a file. */
async function graphOf(bytes: Uint8Array): Promise<NirGraph> {
  return parseNirGraph(await readHdf5(bytes, "file"), { file: "file", warn: assert.fail });
}

function nodeOf(graph: NirGraph, name: string): NirNode {
  const node = graph.nodes.get(name);
  assert.ok(node && !isNirGraph(node), `${name} among ${[...graph.nodes.keys()]}`);
  return node;
}

/** A field's numbers. */
function numbersOf(node: NirNode, name: string): number[] {
  const field = node.fields.get(name);
  assert.ok(field && "numbers" in field);
  return [...field.numbers];
}

/** Writes a network, reads it back, and asserts that all its neurons do the same, by the float64 reference. @returns Whether it could be told. */
async function assertSame(drawn: DrawnGraph): Promise<boolean> {
  const { spec, parameters, samples } = drawn;
  const { bytes } = await encodeNir({ spec, parameters, metadata: {} });
  const { model, warnings, assumed } = await readNir(bytes);
  assert.deepEqual([warnings, assumed], [[], []], "a file of ours says all options itself");
  const [one, other] = [
    runReference(drawn, 0),
    runReference({ spec: model.spec, parameters: new Map(model.parameters), samples }, 0),
  ];
  if (one.margin < 1e-3) return false;
  for (const { id } of structureOf(model.spec).populations) {
    const own = structureOf(spec).populations.find((each) => id.endsWith(`_${each.id}`));
    if (!own) continue; // a threshold, or a reader
    const [found, expected] = [other.states.get(id)!.flat(2), one.states.get(own.id)!.flat(2)];
    const differs = expected.findIndex((state, i) =>
      Math.abs(state.o - found[i]!.o) > 1e-3 * Math.max(1, Math.abs(state.o))
    );
    assert.ok(differs < 0, `${own.id} at ${differs}:\n${describeGraph(spec)}\n${describeGraph(model.spec)}`);
  }
  return true;
}

/** A network with tensors and samples of which no potential is near its threshold. */
function drawn(spec: GraphSpec): DrawnGraph {
  for (let seed = 0;; seed++) {
    const graph = drawForGraph(spec, seed);
    if (seed === 200 || runReference(graph, 0).margin >= 1e-3) return graph;
  }
}

/** A graph of kinds that NIR has, with constants that it can say. */
function sayable({ spec }: DrawnGraph, seed: number): DrawnGraph {
  const named = (names: readonly string[], ...allowed: string[]) =>
    names.filter((name) => allowed.includes(name));
  // A file says for all of its neurons whether they fire several spikes a step.
  const spikes = seed % 4 === 0 ? "many" : "one";
  const nodes = spec.nodes.map((node: GraphNode) => {
    const from = node.from.filter((edge, i) =>
      node.from.findIndex((other) => other.node === edge.node && other.delay === edge.delay) === i
    );
    switch (node.kind) {
      case "graded":
        return { id: node.id, kind: "lif", from, decay: 0.8, threshold: 0.4, reset: "zero", spikes };
      case "lif":
        return {
          ...{ ...node, from, adaptation: 0, start: 0, reset: "zero", spikes },
          decay: Math.min(node.decay, 0.95),
          synapticDecay: Math.min(node.synapticDecay, 0.9),
          perUnit: named(node.perUnit, "threshold", "resetTo", "current"),
          trainable: named(node.trainable, "threshold"),
        };
      case "integrator":
        return {
          ...{ ...node, from, start: 0, trainable: [], perUnit: named(node.perUnit, "current") },
          decay: node.synapticDecay > 0 ? Math.min(node.decay, 0.9) : node.decay,
        };
      case "maxPool2d":
        return { ...node, from, kind: "avgPool2d" };
      default:
        return { ...node, from };
    }
  });
  return drawForGraph(parseNetworkSpec({ ...spec, nodes, loss: { kind: "crossEntropy" } }), seed);
}

Deno.test("encodeNir() writes drawn graphs such that readNir() has the same network again, or refuses them", async () => {
  let same = 0, refused = 0;
  for (let seed = 0; seed < 160; seed++) {
    const graph = sayable(drawGraph(seed, 2 + seed % 9, 2 + seed % 12, 2, false), seed);
    try {
      if (await assertSame(graph)) same++;
    } catch (error) {
      if (!(error instanceof InputError)) throw error;
      refused++;
    }
  }
  assert.ok(same > 70 && refused < 50, `${same} are the same, ${refused} were refused`);
});

const STACK = network({
  steps: 8,
  input: { shape: [2, 9, 7] },
  nodes: [
    conv2d(6, 3, { groups: 2, padding: 1, id: "conv1" }),
    lif({ reset: "zero", decay: 0.75 }, { id: "lif1" }),
    avgPool2d(2, { id: "pool1" }),
    conv2d(4, [1, 3], { id: "conv2" }),
    batchNorm({ id: "norm2" }),
    dropout(0.3, { id: "drop2" }),
    lif({ reset: "zero", decay: 0.5, threshold: 0.4, current: 0.1 }, { id: "lif2" }),
    affine(5, { id: "fc3" }),
    lif({ reset: "zero", synapticDecay: 0.5, decay: 0.8 }, { id: "lif3" }),
  ],
  readout: { from: "spikes" },
});

Deno.test("encodeNir() writes the form that snnTorch, Norse and SpikingJelly run alike", async () => {
  assert.ok(await assertSame(drawn(STACK)));
  const { parameters } = drawn(STACK);
  const { bytes, notes } = await encodeNir({ spec: STACK, parameters, metadata: {} });
  assert.deepEqual(notes, [
    "snnTorch, Norse and SpikingJelly run it to the same spikes; Norse has to be told dt 0.0001",
    "its output is spikes at every step; here their mean over 8 steps is read",
  ]);
  const graph = await graphOf(bytes), names = [...graph.nodes.keys()];
  assert.deepEqual(names, [
    ...[
      "input",
      "l1_conv1",
      "l2_lif1",
      "l3_pool1",
      "l4_conv2",
      "l5_lif2",
      "l6_fc3_flat",
      "l7_fc3",
      "l8_lif3",
    ],
    "output",
  ]);
  assert.deepEqual(names, names.toSorted(), "names sort in the order of execution");
  const lif1 = nodeOf(graph, "l2_lif1");
  assert.equal(lif1.type, "LIF");
  assert.deepEqual(lif1.fields.get("tau")?.shape, [6, 9, 7]);
  for (
    const [name, value] of [["tau", 4e-4], ["r", 1], ["v_leak", 0], ["v_reset", 0], [
      "v_threshold",
      1,
    ]] as const
  ) {
    assert.ok(numbersOf(lif1, name).every((number) => Math.abs(number - value) < 1e-12), name);
  }
  // τ/dt is 4: weights and bias have it.
  const own = parameters.get("conv1.bias")!;
  assert.deepEqual(numbersOf(nodeOf(graph, "l1_conv1"), "bias"), [...own.map((value) => 4 * value)]);
  assert.equal(nodeOf(graph, "l3_pool1").type, "SumPool2d");
  assert.deepEqual(nodeOf(graph, "l4_conv2").fields.get("weight")?.shape, [4, 6, 3, 3], "square");
  const lif3 = nodeOf(graph, "l8_lif3");
  assert.equal(lif3.type, "CubaLIF");
  assert.ok(numbersOf(lif3, "w_in").every((value) => value === 2));
});

Deno.test("encodeNir() writes a recurrent layer as a graph in the graph, without a recurrent bias", async () => {
  const spec = network({
    inputs: 6,
    steps: 12,
    layers: [
      layer(8, lif({ decay: 0.8, reset: "zero", threshold: 0.5 }), { recurrent: true }),
      layer(4, lif({ reset: "zero", threshold: 0.3 })),
    ],
    readout: { from: "spikes" },
  });
  assert.ok(await assertSame(drawn(spec)));
  const { bytes, notes } = await encodeNir({ spec, parameters: drawn(spec).parameters, metadata: {} });
  assert.match(notes[0]!, /^snnTorch, Norse and SpikingJelly run it/);
  const graph = await graphOf(bytes), inner = graph.nodes.get("l2_neuron1")!;
  assert.ok(isNirGraph(inner));
  assert.deepEqual([...inner.nodes].map(([name, node]) => [name, isNirGraph(node) ? "" : node.type]), [
    ["input", "Input"],
    ["l1_neuron1", "LIF"],
    ["l2_rec1", "Linear"],
    ["output", "Output"],
  ]);
  assert.deepEqual([...flattenGraph(graph, { file: "", warn: assert.fail }).nodes.keys()], [
    ...["l1_fc1", "l2_neuron1/l1_neuron1", "l2_neuron1/l2_rec1", "l3_fc2", "l4_neuron2"],
  ]);
});

Deno.test("encodeNir() says which frameworks differ, and why", async () => {
  const cases: [GraphSpec, RegExp][] = [
    [
      network({
        inputs: 3,
        steps: 5,
        layers: [layer(4, lif()), layer(2, lif())],
        readout: { from: "spikes" },
      }),
      /^reset subtract: NIR says a reset to v_reset alone; snnTorch, Norse and SpikingJelly will reset to 0/,
    ],
    [
      network({
        inputs: 3,
        steps: 5,
        layers: [layer(4, lif({ spikes: "many" })), layer(2, lif({ spikes: "many" }))],
        readout: { from: "spikes" },
      }),
      /^several spikes a step: Sinabs alone has them[^]*told: dt 0\.0001, reset subtract, spikes multi$/m,
    ],
    [
      network({ inputs: 3, steps: 5, layers: [layer(4, lif({ reset: "zero" })), layer(2, integrator())] }),
      /^neuron2 integrates \(LI\): Sinabs alone reads that/m,
    ],
    [
      network({
        inputs: 3,
        steps: 5,
        layers: [layer(4, lif({ decay: 1, reset: "zero" })), layer(2, integrator())],
      }),
      /^neuron1: snnTorch reads no IF$/m,
    ],
    [
      network({
        inputs: 3,
        steps: 5,
        layers: [layer(4, lif({ reset: "zero", trainable: ["decay"] })), layer(2, integrator())],
      }),
      /^neuron1: tau differ between units: snnTorch and SpikingJelly take one for all$/m,
    ],
    [
      network({
        inputs: 3,
        steps: 5,
        encoder: { kind: "poisson" },
        layers: [layer(4, lif({ reset: "zero" }), { delay: 1 }), layer(2, integrator())],
      }),
      /after_neuron1_1: snnTorch, Norse and SpikingJelly read no Delay[^]*the encoder makes \(poisson\)/m,
    ],
  ];
  for (const [spec, message] of cases) {
    const { parameters } = drawn(spec);
    // Learned decays that are the same are one number.
    parameters.get("neuron1.decay")?.forEach((_, i, decays) => decays[i] = 0.8 + i / 100);
    const { notes } = await encodeNir({ spec, parameters, metadata: {} });
    assert.match(notes.join("\n"), message);
  }
});

Deno.test("encodeNir() refuses what NIR cannot say by name, or writes the nearest when asked", async () => {
  const cases: [GraphSpec, RegExp, RegExp | undefined][] = [
    [
      network({ inputs: 3, steps: 5, layers: [layer(4, graded()), layer(2, integrator())] }),
      /^node neuron1: graded: graded spikes, which NIR cannot say: say --approximate/,
      /^neuron1: graded spikes, which NIR cannot say: its spikes are 1/m,
    ],
    [
      network({ inputs: 3, steps: 5, layers: [layer(4, lif({ adaptation: 0.5 })), layer(2, integrator())] }),
      /^node neuron1: lif: its threshold adapts/,
      /^neuron1: its threshold adapts, which NIR cannot say: it was left out$/m,
    ],
    [
      network({ inputs: 3, steps: 5, layers: [layer(4, lif({ reset: "none" })), layer(2, integrator())] }),
      /^node neuron1: lif: a spike leaves its potential as it is \(reset none\)/,
      /it is reset to 0$/m,
    ],
    [
      network({
        steps: 2,
        input: { shape: [1, 4, 4] },
        nodes: [conv2d(2, 3), maxPool2d(2, { id: "pool" }), lif({ reset: "zero" }), affine(3), integrator()],
      }),
      /^node pool: maxPool2d: NIR has no such primitive: train with avgPool2d or sumPool2d$/,
      undefined,
    ],
    [
      network({
        inputs: 3,
        steps: 5,
        layers: [layer(4, lif()), layer(2, lif({ reset: "zero" }))],
        readout: { from: "spikes" },
      }),
      /^node neuron2: neurons: reset value, but neuron1 has subtract: /,
      undefined,
    ],
  ];
  for (const [spec, message, note] of cases) {
    const model = { spec, parameters: drawn(spec).parameters, metadata: {} };
    await assert.rejects(
      encodeNir(model),
      (error) => error instanceof InputError && message.test(error.message),
    );
    if (!note) continue;
    const { bytes, notes } = await encodeNir(model, { approximate: true });
    assert.match(notes.join("\n"), note);
    await readNir(bytes);
  }
});

const CHECK = `
import sys, nir
for path in sys.argv[1:]:
    graph = nir.read(path, type_check=True)
    print(len(graph.nodes), len(graph.edges), "spikelet" in graph.metadata)
`;
const python = await findPythonWithNir();
Deno.test({
  ...named(
    "nir.read() of PyPI's nir takes what encodeNir() writes, types checked",
    python === undefined ? "it needs a Python with the package nir" : undefined,
  ),
  fn: async () => {
    await inTemporaryFolder(async (folder) => {
      const recurrent = network({
        inputs: 6,
        steps: 12,
        layers: [layer(8, lif({ reset: "zero" }), { recurrent: true }), layer(4, integrator(), { delay: 1 })],
      });
      const paths: string[] = [];
      for (const [i, spec] of [STACK, recurrent].entries()) {
        const { bytes } = await encodeNir({ spec, parameters: drawn(spec).parameters, metadata: {} });
        paths.push(join(folder, `${i}.nir`));
        await Deno.writeFile(paths[i]!, bytes);
      }
      const { code, stdout, stderr } = await runPython(python!, CHECK, ...paths);
      assert.equal(code, 0, stderr);
      assert.equal(stdout, "10 9 True\n6 5 True\n");
    });
  },
});

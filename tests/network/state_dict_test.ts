import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";
import { importState } from "../../src/cli/import_state.ts";
import {
  affine,
  batchNorm,
  conv2d,
  integrator,
  lif,
  network,
  type NodeDescription,
} from "../../src/network/builder.ts";
import { parseSafetensors, type Tensor } from "../../src/network/safetensors.ts";
import type { NetworkSpec } from "../../src/network/spec.ts";
import { type MatchedState, type MatchOptions, matchState } from "../../src/network/state_dict.ts";
import { runGraph, widenTensors } from "../graph/reference_graph.ts";

const FOLDER = fileURLToPath(new URL("../reference/state_dicts/", import.meta.url));

/** Made by tests/reference/state_dicts/make.py. */
const CASES = [
  "snntorch",
  "snntorch_recurrent",
  "snntorch_zero",
  "snntorch_at_once",
  "norse",
  "spikingjelly",
  "spikingjelly_soft",
  "sinabs",
  "sinabs_synapse",
];
/** Of networks whose description has thresholds in other units. */
const IGNORED: Readonly<Record<string, readonly string[]>> = {
  sinabs_synapse: ["1.spike_threshold", "3.spike_threshold"],
};

for (const name of CASES) {
  Deno.test(`importState() of a state_dict of ${name}: every neuron spikes at the steps at which it did there`, async () => {
    const { model: { spec, parameters } } = await importState({
      state: `${FOLDER}${name}.safetensors`,
      network: `${FOLDER}${name}.json`,
      ignore: IGNORED[name],
    });
    const { tensors } = parseSafetensors(await Deno.readFile(`${FOLDER}${name}.io.safetensors`), name);
    const x = tensors.get("x")!, [steps = 0, batch = 0, inputs = 0] = x.shape;
    const rows = Float64Array.from(x.data, Number);
    const run = runGraph(spec, widenTensors(parameters), {
      x: Array.from(
        { length: batch },
        (_, sample) =>
          Array.from(
            { length: steps },
            (_, t) => rows.subarray((t * batch + sample) * inputs, (t * batch + sample + 1) * inputs),
          ),
      ),
      labels: new Uint8Array(batch),
    });
    for (const [id, key] of [["lif1", "hidden"], ["lif2", "out"]] as const) {
      const found = run.states.get(id)!.flat(2).map(({ o }) => o), expected = tensors.get(key)!.data;
      assert.ok(found.some((spikes) => spikes > 0));
      assert.deepEqual(found, Array.from(expected, Number), `${id} of ${name}`);
    }
  });
}

const names = { state: "net.safetensors", network: "net.json" };
const tensor = (shape: readonly number[], first = 0): Tensor => ({
  dtype: "F32",
  shape,
  data: Float32Array.from({ length: shape.reduce((a, b) => a * b, 1) }, (_, i) => first + i),
});
const state = (entries: Record<string, Tensor>) => new Map(Object.entries(entries));
const chain = (...nodes: NodeDescription[]): NetworkSpec =>
  network({ steps: 3, input: { shape: [5] }, nodes });
const match = (
  spec: NetworkSpec,
  tensors: ReadonlyMap<string, Tensor>,
  options: Partial<MatchOptions> = {},
) => matchState(spec, tensors, { names, ...options });
const pairs = ({ taken }: MatchedState) => taken.map(({ ours, theirs, how }) => `${ours} ${theirs} ${how}`);

const TWO = chain(
  affine(4, { id: "fc1" }),
  lif({}, { id: "lif1" }),
  affine(4, { id: "fc2" }),
  lif({}, { id: "lif2" }),
  affine(4, { id: "fc3" }),
  integrator({}, { id: "out" }),
);

function refuses(run: () => unknown, message: RegExp): void {
  assert.throws(run, (error: Error) => {
    assert.equal(error.name, "InputError");
    assert.match(error.message, message);
    return !error.message.includes("\n");
  });
}

Deno.test("matchState() takes tensors by name first, then alike ones in the order of their numbers", () => {
  const alike = (fc2: string, fc3: string) => ({
    [`${fc3}.weight`]: tensor([4, 4], 2),
    [`${fc3}.bias`]: tensor([4], 200),
    [`${fc2}.weight`]: tensor([4, 4], 1),
    [`${fc2}.bias`]: tensor([4], 100),
  });
  const first = { "fc1.weight": tensor([4, 5]), "fc1.bias": tensor([4]) };
  assert.deepEqual(pairs(match(TWO, state({ ...alike("fc2", "fc3"), ...first }))), [
    "fc1.weight fc1.weight name",
    "fc1.bias fc1.bias name",
    "fc2.weight fc2.weight name",
    "fc2.bias fc2.bias name",
    "fc3.weight fc3.weight name",
    "fc3.bias fc3.bias name",
  ]);
  // 10 is behind 2, whatever the alphabet says.
  const numbered = match(
    TWO,
    state({ ...alike("net.2", "net.10"), "net.0.weight": tensor([4, 5]), "net.0.bias": tensor([4]) }),
  );
  assert.deepEqual(pairs(numbered).slice(2, 5), [
    "fc2.weight net.2.weight shape",
    "fc2.bias net.2.bias shape",
    "fc3.weight net.10.weight shape",
  ]);
  assert.equal(numbered.parameters.get("fc3.bias")![0], 200);
  refuses(
    () => match(TWO, state({ ...alike("middle", "last"), ...first })),
    /^net\.safetensors: nothing in it fits 4 of net\.json: fc2\.weight \[4, 4\], fc2\.bias \[4\], fc3.*; 4 of its tensors fit nothing in net\.json: last\.weight \[4, 4\], .*: pair them in --map/,
  );
  const map = new Map(["weight", "bias"].flatMap((leaf): [string, string][] => [
    [`fc2.${leaf}`, `middle.${leaf}`],
    [`fc3.${leaf}`, `last.${leaf}`],
  ]));
  const mapped = match(TWO, state({ ...alike("middle", "last"), ...first }), { map });
  assert.equal(pairs(mapped)[4], "fc3.weight last.weight map");
  assert.equal(mapped.parameters.get("fc2.bias")![0], 100);
});

Deno.test("matchState() reads batch normalisation, convolutions over columns, and constants of neurons", () => {
  const spec = network({
    steps: 3,
    input: { shape: [2, 1, 6] },
    nodes: [
      conv2d(3, [1, 3], { id: "conv" }),
      batchNorm({ id: "bn" }),
      lif({ perUnit: ["decay", "threshold"] }, { id: "lif1" }),
      affine(2, { id: "fc" }),
      integrator({ decay: 0.8 }, { id: "out" }),
    ],
  });
  const found = match(
    spec,
    state({
      "conv.weight": tensor([3, 2, 3]),
      "conv.bias": tensor([3]),
      "bn.weight": tensor([3]),
      "bn.bias": tensor([3]),
      "bn.running_mean": tensor([3], 5),
      "bn.running_var": tensor([3], 7),
      "bn.num_batches_tracked": { dtype: "I64", shape: [], data: BigInt64Array.of(9n) },
      "lif1.beta": { dtype: "F32", shape: [], data: Float32Array.of(0.75) },
      "lif1.threshold": tensor([3, 1, 4], 1),
      "fc.weight": tensor([2, 12]),
      "fc.bias": tensor([2]),
      "out.beta": { dtype: "F64", shape: [], data: Float64Array.of(0.8) },
      "out.threshold": tensor([1], 1),
    }),
  );
  assert.deepEqual(found.parameters.get("bn.variance"), Float32Array.of(7, 8, 9));
  assert.deepEqual(found.parameters.get("lif1.decay"), new Float32Array(12).fill(0.75));
  assert.equal(found.parameters.get("lif1.threshold")![11], 12);
  assert.deepEqual(found.agreeing, ["out.beta", "out.threshold"]);
  assert.deepEqual(found.ignored, ["bn.num_batches_tracked"]);
});

Deno.test("matchState() refuses what does not fit, by name, and changes nothing", () => {
  const spec = chain(affine(4, { id: "fc1" }), lif({ decay: 0.9 }, { id: "lif1" }));
  const whole = { "fc1.weight": tensor([4, 5]), "fc1.bias": tensor([4]) };
  const scalar = (value: number): Tensor => ({ dtype: "F32", shape: [], data: Float32Array.of(value) });
  for (
    const [tensors, options, message] of [
      [
        { ...whole, "fc1.weight": tensor([5, 4]) },
        {},
        /tensor fc1\.weight: its shape is \[5, 4\], expected \[4, 5\], that of fc1\.weight in net\.json/,
      ],
      [{ "fc1.weight": tensor([4, 5]) }, {}, /nothing in it fits 1 of net\.json: fc1\.bias \[4\]: pair/],
      [
        { ...whole, "head.weight": tensor([2, 4]) },
        {},
        /1 of its tensors fit nothing in net\.json: head\.weight \[2, 4\]: pair/,
      ],
      [
        { ...whole, "lif1.beta": scalar(0.95) },
        {},
        /^net\.safetensors: lif1\.beta is 0\.9\d*, but decay is 0\.9 of lif1 in net\.json: write it there/,
      ],
      [
        { ...whole, "lif1.reset_mechanism_val": scalar(1) },
        {},
        /lif1\.reset_mechanism_val is 1, but the reset is subtract of lif1 in net\.json: set its reset/,
      ],
      [{ ...whole, "lif1.graded_spikes_factor": scalar(2) }, {}, /is 2, but the factor of a spike is 1/],
      [
        { ...whole, "lif1.tau_mem": scalar(10) },
        {},
        /lif1\.tau_mem is 10, here a decay of 0\.9048\d*, but decay is 0\.9/,
      ],
      [
        { ...whole, "fc1.bias": tensor([4], NaN) },
        {},
        /tensor fc1\.bias: value 0 is NaN, expected a finite number/,
      ],
      [
        whole,
        { map: new Map([["fc1.weight", "first"]]) },
        /it has no tensor first, which --map names: expected one of fc1\.weight, fc1\.bias/,
      ],
      [
        whole,
        { map: new Map([["fc9.weight", "fc1.weight"]]) },
        /^net\.json: it has no tensor fc9\.weight, which --map names/,
      ],
      [whole, { ignore: ["nothing"] }, /it has no tensor nothing, which --ignore names/],
    ] satisfies [Record<string, Tensor>, Partial<MatchOptions>, RegExp][]
  ) {
    refuses(() => match(spec, state(tensors), options), message);
  }
  const left = match(spec, state({ ...whole, "head.weight": tensor([2, 4]) }), { ignore: ["head.weight"] });
  assert.deepEqual(left.ignored, ["head.weight"]);
});

import assert from "node:assert/strict";
import { initialParameters } from "../../src/network/initialise.ts";
import { type Operator, operatorKindOf, OPERATORS } from "../../src/network/operators.ts";
import { parseNetworkSpec } from "../../src/network/parse_graph.ts";
import { sizeOf } from "../../src/network/shape.ts";
import { structureOf } from "../../src/network/structure.ts";

/** Every operator on pictures, a loop, a fixed and a learned constant, a branch that is read and one that is not. */
const SPEC = parseNetworkSpec({
  steps: 5,
  input: { shape: [2, 3, 4] },
  nodes: [
    { id: "scale1", kind: "scale" },
    { id: "lif1", kind: "lif", trainable: ["threshold"], perUnit: ["current"], current: 0.5 },
    { id: "late", kind: "delay" },
    { id: "flat", kind: "flatten" },
    { id: "rec", kind: "affine", units: 24, bias: false, from: { node: "lif2", delay: 2 } },
    { id: "lif2", kind: "lif", from: ["flat", "rec"] },
    { id: "fc", kind: "affine", units: 3 },
    { id: "out", kind: "integrator" },
    { id: "aside", kind: "graded", from: "lif1" },
  ],
  readout: { node: "out" },
});

Deno.test("structureOf() tells a graph's populations, tensors, sizes and work", () => {
  const structure = structureOf(SPEC);
  assert.deepEqual(
    structure.populations.map(({ id, shape, units, isRecurrent, isReadout }) => [
      ...[id, shape, units, isRecurrent, isReadout],
    ]),
    [
      ["lif1", [2, 3, 4], 24, false, false],
      ["lif2", [24], 24, true, false],
      ["out", [3], 3, false, true],
      ["aside", [2, 3, 4], 24, false, false],
    ],
  );
  assert.deepEqual(structure.hidden.map(({ id }) => id), ["lif1", "lif2", "aside"]);
  assert.deepEqual(
    structure.tensors.map(({ name, shape, role, population, first }) => [
      ...[name, shape, role, population, first],
    ]),
    [
      ["scale1.weight", [2, 3, 4], "constant", 0, 1],
      ["lif1.threshold", [2, 3, 4], "constant", 0, 1],
      ["lif1.current", [2, 3, 4], "fixed", 0, 0.5],
      ["late.steps", [2, 3, 4], "fixed", 1, 0],
      ["rec.weight", [24, 24], "weight", 1, undefined],
      ["fc.weight", [3, 24], "weight", 2, undefined],
      ["fc.bias", [3], "bias", 2, undefined],
    ],
  );
  assert.equal(structure.inputs, 24);
  assert.equal(structure.classes, 3);
  assert.equal(structure.parameters, 24 + 24 + 24 * 24 + 3 * 24 + 3);
  assert.equal(structure.multiplyAdds, 24 + 24 * 24 + 3 * 24);
});

Deno.test("initialParameters() draws weights, and begins constants and fixed tensors where the description says", () => {
  const parameters = initialParameters(SPEC, 7);
  assert.deepEqual([...parameters.keys()], structureOf(SPEC).tensors.map(({ name }) => name));
  const all = (name: string, value: number) =>
    assert.ok(parameters.get(name)?.every((one) => one === value), name);
  all("scale1.weight", 1);
  all("lif1.current", 0.5);
  all("late.steps", 0);
  const limit = Math.sqrt(6 / 48), recurrent = parameters.get("rec.weight")!;
  assert.ok(recurrent.every((one) => Math.abs(one) <= limit) && Math.max(...recurrent) > 0.98 * limit);
});

const WINDOW = { stride: [2, 1], padding: [1, 0] } as const;

Deno.test("every kind of operator answers for shapes of units and of pictures", () => {
  const operators: Operator[] = [
    { kind: "affine", units: 7, bias: true },
    { kind: "conv2d", channels: 4, kernel: [2, 3], ...WINDOW, dilation: [1, 2], groups: 2, bias: true },
    { kind: "avgPool2d", kernel: [2, 2], ...WINDOW },
    { kind: "sumPool2d", kernel: [2, 2], ...WINDOW },
    { kind: "maxPool2d", kernel: [2, 2], ...WINDOW },
    { kind: "batchNorm", momentum: 0.1, epsilon: 1e-5, gamma: 1 },
    { kind: "dropout", rate: 0.5 },
    { kind: "scale" },
    { kind: "flatten" },
    { kind: "delay" },
  ];
  assert.deepEqual(operators.map(({ kind }) => kind), Object.keys(OPERATORS));
  for (const operator of operators) {
    const kind = operatorKindOf(operator);
    for (const input of [[6], [2, 3, 5]] as const) {
      const shape = kind.outputShape(operator, input), isPicture = input.length === 3;
      assert.equal(shape !== undefined && !("expected" in shape), isPicture || !("kernel" in operator));
      if (!isPicture && "kernel" in operator) continue;
      for (const { shape, role, fanIn, fanOut, first, inMemory } of kind.tensors(operator, input)) {
        assert.ok(sizeOf(shape) > 0 && fanIn > 0 && fanOut > 0);
        assert.equal(first === undefined, role === "weight" || role === "bias");
        if (inMemory) assert.equal(new Set(inMemory.places).size, sizeOf(shape), "a place for each number");
        assert.ok(inMemory?.places.every((place) => place < inMemory.size) ?? true);
      }
      assert.ok(kind.geometry(operator, input).every(Number.isInteger));
      assert.ok(kind.multiplyAdds(operator, input) >= 0);
    }
    assert.equal(kind.outputShape(operator, undefined) === undefined, operator.kind !== "affine");
  }
});

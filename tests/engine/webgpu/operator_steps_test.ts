/** Holds the kernels of operators on a device to the float64 reference, one operator at a time. */
import assert from "node:assert/strict";
import { SAMPLE_INFO, SAMPLE_INFO_COLUMNS } from "../../../asm/scan.wgsl.ts";
import type { Backend } from "../../../src/engine/gpu/backend.ts";
import { compilePlan } from "../../../src/engine/plan/compile.ts";
import { OperatorSteps } from "../../../src/engine/webgpu/operator_steps.ts";
import { operatorKernelsOf } from "../../../src/engine/webgpu/operators.ts";
import { DeviceParameters } from "../../../src/engine/webgpu/device_parameters.ts";
import { DeviceValues, plainValue } from "../../../src/engine/webgpu/device_values.ts";
import {
  affine,
  avgPool2d,
  batchNorm,
  conv2d,
  delay,
  dropout,
  flatten,
  integrator,
  maxPool2d,
  network,
  scale,
  sumPool2d,
} from "../../../src/network/builder.ts";
import { isNeuronNode, type OperatorNode, type Shape } from "../../../src/network/graph.ts";
import type { Operator } from "../../../src/network/operators.ts";
import { drawKey, randomBits } from "../../../src/random.ts";
import { assertClose, assertSameBits, uniformFloats, upTo } from "../../asm/numbers.ts";
import { type ReferenceBatch, referenceOperatorOf, sizeOf } from "../../graph/reference_operators.ts";
import { backendTest } from "../gpu/gpu.ts";

const STEPS = 5;
/** Steps of each sample; the last one is padding. */
const LENGTHS = [5, 3, 4, 5];
const COUNTED = 3;
const NONE: ReferenceBatch = { lengths: [], isTraining: true, draw: () => 0, choice: () => [] };

/** An operator between the input and a readout, on a device, with its input and the gradient of its output. */
function operatorOn(
  backend: Backend,
  shape: Shape,
  operator: Operator,
  { isRow = false, isTraining = true, offset = 0 } = {},
) {
  const input = { shape, encoder: { kind: isRow ? "constant" : "direct" } } as const;
  // A gradient is wanted of what a learned factor gives.
  const spec = network({
    steps: STEPS,
    input,
    nodes: [scale({ id: "before" }), { id: "node", ...operator }, flatten(), affine(2), integrator()],
  });
  const plan = compilePlan(spec, { target: { events: false } });
  const call = plan.operators.find(({ node }) => node === "node")!;
  const rows = LENGTHS.length * (isRow ? 1 : STEPS), given = plan.values[call.output]!;
  assert.equal(given.rows, isRow ? "one" : "each step");
  const units = sizeOf(shape), outputs = given.units;
  const x = uniformFloats(1, rows * units).map((value) => value + offset);
  // Nothing comes back from behind a sample's end, nor from padding.
  const dy = uniformFloats(2, rows * outputs).map((value, i) => isThere(i, outputs, isRow) ? value : 0);
  const parameters = new DeviceParameters(backend, plan.tensors);
  const tensors = new Map(plan.tensors.map(({ name, shape, isSteps, isNotNegative }, i) => [
    name,
    uniformFloats(3 + i, sizeOf(shape)).map((value) =>
      isSteps ? Math.floor(2.5 * Math.abs(value)) : isNotNegative ? 0.5 + Math.abs(value) : value
    ),
  ]));
  parameters.set(tensors);
  const none = backend.upload(new Float32Array(1), [1]);
  const context = {
    ...{ backend, plan, parameters, recordStates: false, neurons: [], constants: [] },
    operators: plan.operators.map((operator) => operatorKernelsOf(plan, operator)),
    ...{ vectorOf: () => none, pixels: none, placeholder: none },
  };
  const sampleInfo = new Int32Array(SAMPLE_INFO_COLUMNS * LENGTHS.length);
  LENGTHS.forEach((steps, i) => sampleInfo[SAMPLE_INFO_COLUMNS * i + SAMPLE_INFO.steps] = steps);
  const keyOf = (sample: number, stream: number) => drawKey(7, stream, 2, 1000 + sample);
  const microBatch = {
    ...{ samples: LENGTHS.length, counted: COUNTED, sampleInfo, withGradient: isTraining, isFirst: true },
    keysOf: (stream: number) =>
      Int32Array.from(LENGTHS.flatMap((_, sample) => Object.values(keyOf(sample, stream)))),
    packed: { count: 0, features: new Float32Array(), size: 0, keys: new Int32Array() },
    ...{ reductionGroups: 1, share: 1, offset: 0, logits: undefined, unitSpikes: undefined },
    scores: backend.allocate("i32", [1]),
  };
  const values = new DeviceValues(context, LENGTHS.length);
  values.set(call.input, { ...plainValue(backend.upload(x, [rows, units])), isRow });
  if (call.outputGradient !== undefined) {
    values.set(call.outputGradient, { ...plainValue(backend.upload(dy, [rows, outputs])), isRow });
  }
  const steps = new OperatorSteps(
    context,
    microBatch,
    values,
    backend.upload(sampleInfo, [LENGTHS.length, SAMPLE_INFO_COLUMNS]),
  );
  const node = spec.nodes.find((node): node is OperatorNode => node.id === "node" && !isNeuronNode(node))!;
  return { node, call, steps, values, parameters, tensors, x, dy, keyOf };
}

/** Whether a number of a row is of a step and a sample that count. */
function isThere(i: number, units: number, isRow: boolean): boolean {
  const row = Math.floor(i / units), rows = isRow ? 1 : STEPS;
  const sample = Math.floor(row / rows);
  return sample < COUNTED && (isRow || row % rows < LENGTHS[sample]!);
}

/** Rows by step of the samples that count, as the reference reads them; one row holds for all steps, and 0 lies outside. */
function rowsOf(values: Float32Array, isRow: boolean) {
  const units = values.length / LENGTHS.length / (isRow ? 1 : STEPS);
  return (step: number) =>
    upTo(COUNTED).map((sample) => {
      const isOutside = step < 0 || step >= STEPS, first = isRow ? sample : sample * STEPS + step;
      return Float64Array.from({ length: units }, (_, i) => isOutside ? 0 : values[first * units + i]!);
    });
}

/** Numbers that count, in the order of the device. */
function flat(rows: (step: number) => readonly Float64Array[]): number[] {
  return upTo(COUNTED).flatMap((sample) => upTo(STEPS).flatMap((step) => [...rows(step)[sample]!]));
}

const CASES: readonly (readonly [shape: Shape, operator: Operator])[] = [
  [[3, 5, 7], conv2d(4, [3, 2])],
  [[2, 6, 5], conv2d(5, 3, { stride: [2, 1], padding: [1, 2], dilation: [1, 2], bias: false })],
  [[6, 4, 4], conv2d(9, [2, 3], { groups: 3, padding: 1, stride: 3 })],
  [[70, 1, 1], conv2d(3, 1)],
  [[1, 17, 19], conv2d(1, 3)],
  [[3, 7, 5], avgPool2d([3, 2])],
  [[2, 7, 7], avgPool2d(3, { stride: 1, padding: 1 })],
  [[2, 5, 6], sumPool2d([2, 3], { stride: [3, 1], padding: [1, 0] })],
  [[3, 7, 6], maxPool2d(2)],
  [[2, 7, 5], maxPool2d([3, 2], { stride: [2, 1], padding: 1 })],
  [[3, 4, 5], batchNorm()],
  [[11], batchNorm({ epsilon: 0.1, momentum: 0.5 })],
  [[2, 3, 3], scale()],
  [[5], delay()],
];

for (const [shape, operator] of CASES) {
  const { kind, ...fields } = operator;
  backendTest(
    `a device computes ${kind} of ${shape}, forward and back, as float64 does: ${JSON.stringify(fields)}`,
    async (backend) => {
      const { node, call, steps, values, parameters, tensors, x, dy } = operatorOn(backend, shape, operator);
      const reference = referenceOperatorOf(node),
        tensorOf = (name: string) => Float64Array.from(tensors.get(`node.${name}`)!);
      const input = rowsOf(x, false), delta = rowsOf(dy, false);
      const batch: ReferenceBatch = { ...NONE, lengths: LENGTHS.slice(0, COUNTED), choice: input };
      if (call.batchSums > 0) steps.sumBatch(call);
      steps.forward(call);
      if (call.batchSums > 0) steps.sumBatchBack(call);
      steps.backward(call);
      steps.gradient(call);
      const read = async (index: number) => (await backend.read(values.operandOf(index)))[0];
      const compare = (found: Float32Array, expected: readonly number[], what: string) =>
        assertClose(found.subarray(0, expected.length), expected, what, { relative: 1e-5, absolute: 1e-5 });
      compare(
        await read(call.output),
        flat((step) => reference.forward(node, tensorOf, input, step, batch, shape)),
        "y",
      );
      compare(
        await read(call.inputGradient!),
        flat((step) => reference.backward(node, tensorOf, delta, step, input, batch, shape)),
        "δx",
      );
      const gradients = new Map(
        [...tensors].map(([name, { length }]) => [name, new Float64Array(length)]),
      );
      // The reference's gradients are added to tensors by name, of which it reads others.
      const into = (name: string) =>
        ["mean", "variance"].includes(name) ? tensorOf(name) : gradients.get(`node.${name}`)!;
      for (const step of upTo(STEPS)) reference.accumulate(node, into, delta, step, input, batch, shape);
      for (const { name, gradient, rows, columns } of parameters.all) {
        if (!name.startsWith("node.")) continue;
        const [found] = await backend.read(gradient);
        // On the device a matrix lies by columns.
        const expected = Float64Array.from(
          { length: rows * columns },
          (_, i) => gradients.get(name)![(i % rows) * columns + Math.floor(i / rows)]!,
        );
        assertClose(found, expected, `∂L/∂${name}`, { relative: 1e-5, absolute: 2e-5 });
      }
      const [after] = await parameters.read(),
        statistics = reference.statistics?.(
          node,
          tensorOf,
          input,
          batch,
          shape,
        );
      for (const [name, before] of tensors) {
        const expected = statistics?.[name.replace("node.", "")];
        if (expected) assertClose(after!.get(name)!, expected, name, { relative: 1e-6, absolute: 1e-6 });
        else assertSameBits(after!.get(name)!, before, name);
      }
    },
  );
}

backendTest(
  "a device normalises one row for all steps as often as a sample has steps, and its gradient likewise",
  async (backend) => {
    const shape: Shape = [2, 3, 2], isRow = true;
    const { node, call, steps, values, parameters, tensors, x, dy } = operatorOn(
      backend,
      shape,
      batchNorm(),
      {
        isRow,
      },
    );
    const reference = referenceOperatorOf(node), input = rowsOf(x, isRow);
    const tensorOf = (name: string) => Float64Array.from(tensors.get(`node.${name}`)!);
    // δy of one row is a sum over the steps: the reference has it at the first one.
    const delta = (step: number) => rowsOf(dy, isRow)(0).map((row) => step === 0 ? row : row.map(() => 0));
    const batch: ReferenceBatch = { ...NONE, lengths: LENGTHS.slice(0, COUNTED), choice: input };
    steps.sumBatch(call);
    steps.forward(call);
    steps.sumBatchBack(call);
    steps.backward(call);
    const [y, dx] = await backend.read(values.operandOf(call.output), values.operandOf(call.inputGradient!));
    const first = reference.forward(node, tensorOf, input, 0, batch, shape).flatMap((row) => [...row]);
    assertClose(y.subarray(0, first.length), first, "y");
    const sums = upTo(COUNTED).flatMap((sample) => {
      const rows = upTo(STEPS).map((step) =>
        reference.backward(node, tensorOf, delta, step, input, batch, shape)[sample]!
      );
      return [...rows[0]!].map((_, i) => rows.reduce((sum, row) => sum + row[i]!, 0));
    });
    assertClose(dx.subarray(0, sums.length), sums, "δx");
    const [after] = await parameters.read();
    const expected = reference.statistics!(node, tensorOf, input, batch, shape);
    for (const name of ["mean", "variance"]) {
      assertClose(after!.get(`node.${name}`)!, expected[name]!, name, { relative: 1e-6, absolute: 1e-6 });
    }
  },
);

backendTest("a device's mean and variance are exact to 1e-6 where x is far from 0", async (backend) => {
  const shape: Shape = [2, 40, 50], offset = 100;
  const { node, call, steps, parameters, tensors, x } = operatorOn(
    backend,
    shape,
    batchNorm({ momentum: 1 }),
    {
      offset,
    },
  );
  steps.sumBatch(call);
  const [after] = await parameters.read();
  const expected = referenceOperatorOf(node).statistics!(
    node,
    (name) => Float64Array.from(tensors.get(`node.${name}`)!),
    rowsOf(x, false),
    { ...NONE, lengths: LENGTHS.slice(0, COUNTED) },
    shape,
  );
  assertClose(after!.get("node.mean")!, expected["mean"]!, "mean", { relative: 2e-7, absolute: 0 });
  assertClose(after!.get("node.variance")!, expected["variance"]!, "variance", {
    relative: 1e-6,
    absolute: 0,
  });
});

backendTest(
  "outside training a device normalises by the running statistics, and leaves them",
  async (backend) => {
    const shape: Shape = [3, 2, 2];
    const { node, call, steps, values, parameters, tensors, x } = operatorOn(backend, shape, batchNorm(), {
      isTraining: false,
    });
    steps.sumBatch(call);
    steps.forward(call);
    const expected = flat((step) =>
      referenceOperatorOf(node).forward(
        node,
        (name) => Float64Array.from(tensors.get(`node.${name}`)!),
        rowsOf(x, false),
        step,
        { ...NONE, isTraining: false },
        shape,
      )
    );
    const [y] = await backend.read(values.operandOf(call.output));
    assertClose(y.subarray(0, expected.length), expected, "y");
    const [after] = await parameters.read();
    for (const [name, before] of tensors) assertSameBits(after!.get(name)!, before, name);
  },
);

for (const rate of [0, 0.3, 0.50000006, 0.123456789, 0.97]) {
  backendTest(`a device's dropout at ${rate} leaves out the numbers that WASM does`, async (backend) => {
    const shape: Shape = [7, 9, 11], units = sizeOf(shape);
    const { call, steps, values, x, dy, keyOf } = operatorOn(backend, shape, dropout(rate));
    steps.forward(call);
    steps.backward(call);
    const [y, dx] = await backend.read(values.operandOf(call.output), values.operandOf(call.inputGradient!));
    // As asm/operators/dropout.ts draws; Math.round rounds halves up.
    const least = Math.round(Math.fround(rate) * 2 ** 24);
    const factor = (i: number) => {
      const key = keyOf(Math.floor(i / units / STEPS), call.stream!);
      return randomBits(key, i % units) >>> 8 < least ? 0 : 1 / (1 - Math.fround(rate));
    };
    for (const [found, given, what] of [[y, x, "y"], [dx, dy, "δx"]] as const) {
      assert.deepEqual(
        Uint8Array.from(found, (value) => value === 0 ? 1 : 0),
        Uint8Array.from(given, (value, i) => value === 0 || factor(i) === 0 ? 1 : 0),
        what,
      );
      assertClose(found, given.map((value, i) => value * factor(i)), what, { relative: 1e-6, absolute: 0 });
    }
  });
}

backendTest("outside training a device's dropout hands on every number", async (backend) => {
  const { call, steps, values, x } = operatorOn(backend, [5], dropout(0.5), { isTraining: false });
  steps.forward(call);
  assertSameBits((await backend.read(values.operandOf(call.output)))[0], x, "y");
});

/**
 * Holds the kernels of a kind of operator to its float64 reference: one sample, forward, back and the gradients of its tensors.
 *
 * @module
 */
import assert from "node:assert/strict";
import { stepKernel, workspaceOf } from "../../../src/engine/wasm/kernels.ts";
import { channelsLast } from "../../../src/engine/wasm/layout.ts";
import type { OperatorNode, Shape } from "../../../src/network/graph.ts";
import { type Operator, operatorKindOf, type OperatorTensor } from "../../../src/network/operators.ts";
import { sizeOf } from "../../../src/network/shape.ts";
import { uniform } from "../../../src/random.ts";
import { referenceOperatorOf, type RowsAt, type TensorOf } from "../../graph/reference_operators.ts";
import type { KernelMemory } from "../kernel_memory.ts";
import { assertClose, uniformFloats } from "../numbers.ts";
import { describeOperator } from "./operator_memory.ts";

/** What a case is made of. */
export interface OperatorCase {
  readonly operator: Operator;
  readonly input: Shape;
  readonly steps: number;
  /** The share of numbers of x and of δy that are not 0. */
  readonly share: number;
  readonly seed: number;
  /** x and δy of every step, in a file's order. @default {drawn} */
  readonly numbers?: { readonly x: Float32Array; readonly delta: Float32Array };
}

/** A row in a file's order → in memory's, padded to whole vectors. */
function toMemory(row: Float32Array, shape: Shape): Float32Array {
  const order = channelsLast(shape), padded = new Float32Array(4 * Math.ceil(row.length / 4));
  row.forEach((value, i) => padded[order ? order[i]! : i] = value);
  return padded;
}

/** What the kernels write, in memory's order: y and δx of all steps. */
export interface Written {
  readonly y: Float32Array;
  readonly dx: Float32Array;
  /** The first word of the workspace: of a convolution, which copies of K it has made. */
  readonly copies: number;
}

/** Runs the kernels of one sample of a batch of one, in training, and compares what they write. @returns It. */
export function checkOperator(memory: KernelMemory, given: OperatorCase): Written {
  const { operator, input, steps, share, seed } = given,
    kind = operatorKindOf(operator),
    { kernels } = memory;
  const shape = kind.outputShape(operator, input);
  assert.ok(shape && !("expected" in shape));
  const what = JSON.stringify({ ...given, numbers: undefined }),
    name = operator.kind[0]!.toUpperCase() + operator.kind.slice(1);
  const sparse = (seed: number, length: number) => {
    const chance = uniformFloats(seed + 1, length);
    return uniformFloats(seed, length).map((value, i) => Math.abs(chance[i]!) < share ? value : 0);
  };
  const rows = (seed: number, size: number, numbers: Float32Array | undefined) =>
    Array.from({ length: steps }, (_, t) => numbers ?? sparse(seed + 7 * t, size));
  const x = rows(seed, sizeOf(input), given.numbers?.x);
  const delta = rows(seed + 1000, sizeOf(shape), given.numbers?.delta);
  const tensors = kind.tensors(operator, input), values = new Map<string, Float32Array>();
  const inOrder = ({ shape, inMemory }: OperatorTensor, row: Float32Array) => {
    if (!inMemory) {
      return toMemory(row, shape.length === 3 ? [shape[0]!, shape[1]!, shape[2]!] : [row.length]);
    }
    const ordered = new Float32Array(inMemory.size);
    row.forEach((value, i) => ordered[inMemory.places[i]!] = value);
    return ordered;
  };
  tensors.forEach((tensor, i) => {
    const numbers = uniformFloats(seed + 2000 + i, sizeOf(tensor.shape));
    values.set(tensor.name, tensor.isNotNegative ? numbers.map((v) => 1 + 0.5 * v) : numbers);
  });
  const before = tensors.map((tensor, i) =>
    inOrder(tensor, uniformFloats(seed + 3000 + i, sizeOf(tensor.shape)))
  );
  const gradients = before.map((numbers) => memory.updated(numbers));
  const widths = [input, shape].map((each) => 4 * Math.ceil(sizeOf(each) / 4));
  const place = (all: readonly Float32Array[], of: Shape) =>
    memory.floats(all.flatMap((row) => [...toMemory(row, of)]));
  const y = memory.updated(new Float32Array(steps * widths[1]!));
  const dx = memory.updated(new Float32Array(steps * widths[0]!));
  const geometry = kind.geometry(operator, input), words = workspaceOf(kernels, name, geometry);
  const sums = memory.updated(new Float32Array(2 * (kind.batchSums?.(operator, input) ?? 0)));
  const workspace = memory.updated(new Float32Array(words));
  const key = { key0: 12345, key1: -678 };
  const descriptor = describeOperator(memory, {
    steps,
    inputs: place(x, input),
    inputStride: 4 * widths[0]!,
    outputs: y,
    outputStride: 4 * widths[1]!,
    outputGradients: place(delta, shape),
    outputGradientStride: 4 * widths[1]!,
    inputGradients: dx,
    inputGradientStride: 4 * widths[0]!,
    settings: memory.floats(kind.settings?.(operator) ?? []),
    workspace,
    sums,
    isTraining: 1,
    ...key,
  }, {
    tensors: tensors.map((tensor) => memory.updated(inOrder(tensor, values.get(tensor.name)!))),
    gradients,
    geometry,
  });
  const isNormalising = kind.batchSums !== undefined,
    isLearned = tensors.some(({ role }) => role !== "fixed");
  const run = (verb: Parameters<typeof stepKernel>[1]) =>
    stepKernel(kernels, verb, name)(descriptor, 0, steps);
  for (const verb of isNormalising ? ["sums", "settle"] as const : []) run(verb);
  run("forward");
  if (isNormalising) run("sumsBack");
  if (isLearned) run("weightGradient");
  if (isNormalising) run("settleBack");
  run("backward");

  const node: OperatorNode = { id: "node", from: [], ...operator } as OperatorNode;
  const reference = referenceOperatorOf(node);
  const rowsAt = (all: readonly Float32Array[]): RowsAt => {
    const wide = all.map((row) => [Float64Array.from(row)]), zeros = [new Float64Array(all[0]!.length)];
    return (step) => wide[step] ?? zeros;
  };
  const tensorOf: TensorOf = (name) => Float64Array.from(values.get(name)!);
  const batch = {
    lengths: [steps],
    isTraining: true,
    draw: (_: number, counter: number) => uniform(key, counter),
    choice: rowsAt(x),
  };
  const sumsOfTensors = new Map(tensors.map(({ name, shape }) => [name, new Float64Array(sizeOf(shape))]));
  const stored = new Map(tensors.map(({ name }) => [name, Float64Array.from(values.get(name)!)]));
  const close = { relative: 1e-4, absolute: 3e-5 };
  for (let t = 0; t < steps; t++) {
    const found = (at: number, width: number) => memory.floatsAt(at + 4 * width * t, width);
    const [row] = reference.forward(node, tensorOf, rowsAt(x), t, batch, input);
    const [back] = reference.backward(node, tensorOf, rowsAt(delta), t, rowsAt(x), batch, input);
    assertClose(
      found(y, widths[1]!),
      toMemory(Float32Array.from(row!), shape),
      `y of step ${t}, ${what}`,
      close,
    );
    assertClose(
      found(dx, widths[0]!),
      toMemory(Float32Array.from(back!), input),
      `δx of step ${t}, ${what}`,
      close,
    );
    const into: TensorOf = (name) => sumsOfTensors.get(name)!;
    reference.accumulate(node, into, rowsAt(delta), t, rowsAt(x), batch, input);
  }
  tensors.forEach((tensor, i) => {
    if (tensor.role === "statistic" || !stored.has(tensor.name)) return;
    const added = inOrder(tensor, Float32Array.from(sumsOfTensors.get(tensor.name)!));
    const expected = before[i]!.map((value, at) => value + added[at]!);
    assertClose(
      memory.floatsAt(gradients[i]!, expected.length),
      expected,
      `∂L/∂${tensor.name}, ${what}`,
      close,
    );
  });
  const written = {
    y: memory.floatsAt(y, steps * widths[1]!).slice(),
    dx: memory.floatsAt(dx, steps * widths[0]!).slice(),
    copies: words > 0 ? memory.integersAt(workspace, 1)[0]! : 0,
  };
  memory.clear();
  return written;
}

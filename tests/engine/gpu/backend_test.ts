import assert from "node:assert/strict";
import type { WgslKernel } from "../../../asm/wgsl.ts";
import { openBackend } from "../../../src/engine/gpu/tfjs_backend.ts";
import { assertClose, assertSameBits, uniformFloats } from "../../asm/numbers.ts";
import { answered } from "../deadline.ts";
import { backendTest, gpuTest, watchedGpu } from "./gpu.ts";

/** result[i] = result[i] · factor + values[i]. */
const BLEND: WgslKernel<"f32"> = {
  name: "blend",
  inputs: { values: "f32" },
  uniforms: { factor: "f32" },
  result: "f32",
  code: "fn kernel(index : i32) { result[index] = result[index] * uniforms.factor + values[index]; }",
};

/** `batches` products A·B in float64: A `[rows, inner]`, B `[inner, columns]`, each stored as is or transposed. */
function plainMatmul(
  a: (batch: number, row: number, k: number) => number,
  b: (batch: number, k: number, column: number) => number,
  [batches, rows, inner, columns]: readonly [number, number, number, number],
): Float64Array {
  return Float64Array.from({ length: batches * rows * columns }, (_, i) => {
    const batch = Math.floor(i / (rows * columns)),
      row = Math.floor(i / columns) % rows,
      column = i % columns;
    let sum = 0;
    for (let k = 0; k < inner; k++) sum += a(batch, row, k) * b(batch, k, column);
    return sum;
  });
}

backendTest(
  "matmul() matches float64 at odd sizes, with factors as they are and transposed",
  async (backend) => {
    let seed = 0;
    for (
      const size of [[1, 1, 1, 1], [1, 7, 5, 3], [1, 64, 36, 20], [3, 5, 33, 7], [2, 40, 8, 12], [
        1,
        3,
        2500,
        70,
      ]] as const
    ) {
      const [batches, rows, inner, columns] = size;
      const a = uniformFloats(seed++, batches * rows * inner),
        b = uniformFloats(seed++, batches * inner * columns);
      for (const transposeA of [false, true]) {
        for (const transposeB of [false, true]) {
          const shapeA = transposeA ? [inner, rows] : [rows, inner];
          const shapeB = transposeB ? [columns, inner] : [inner, columns];
          const left = backend.upload(a, batches === 1 ? shapeA : [batches, ...shapeA]);
          const right = backend.upload(b, batches === 1 ? shapeB : [batches, ...shapeB]);
          const product = backend.matmul(left, right, { transposeA, transposeB });
          const [found] = await backend.read(product);
          const expected = plainMatmul(
            (n, row, k) => a[n * rows * inner + (transposeA ? k * rows + row : row * inner + k)]!,
            (n, k, column) =>
              b[n * inner * columns + (transposeB ? column * inner + k : k * columns + column)]!,
            size,
          );
          assertClose(found, expected, `${size} ${transposeA} ${transposeB}`, {
            relative: 1e-5,
            absolute: 1e-5 * Math.sqrt(inner),
          });
          backend.release(left, right, product);
        }
      }
    }
  },
);

backendTest(
  "matmul() gives the same bits in every call, also for long sums of few outputs",
  async (backend) => {
    for (const [rows, inner, columns] of [[10, 9000, 40], [64, 2000, 128], [3, 30_000, 3]] as const) {
      const a = backend.upload(uniformFloats(1, rows * inner), [rows, inner]);
      const b = backend.upload(uniformFloats(2, inner * columns), [inner, columns]);
      const [first] = await backend.read(backend.matmul(a, b));
      for (let run = 0; run < 5; run++) {
        const [again] = await backend.read(backend.matmul(a, b));
        assertSameBits(again, first, `${rows} × ${inner} × ${columns}`);
      }
    }
  },
);

backendTest("run() updates its output in place, in the order of the calls", async (backend) => {
  const values = backend.upload(Float32Array.of(1, 2, 3), [3]);
  const total = backend.upload(Float32Array.of(10, 20, 30), [3]);
  const call = (factor: number) => ({
    inputs: { values },
    uniforms: { factor },
    invocations: 3,
    output: total,
  });
  backend.run(BLEND, call(2));
  const between = backend.read(total);
  backend.run(BLEND, call(0.5));
  const after = backend.read(total);
  assert.deepEqual([...(await between)[0]], [21, 42, 63]);
  assert.deepEqual([...(await after)[0]], [11.5, 23, 34.5]);
});

backendTest(
  "run() calls a kernel once for each index, also for more indices than one dimension has",
  async (backend) => {
    const count = 65_535 * 64 + 1000;
    const MARK: WgslKernel<"i32"> = {
      name: "mark",
      inputs: {},
      uniforms: {},
      result: "i32",
      code: "fn kernel(index : i32) { result[index] += index % 1000 + 1; }",
    };
    const marks = backend.upload(new Int32Array(count), [count]);
    backend.run(MARK, { inputs: {}, uniforms: {}, invocations: count, output: marks });
    const [found] = await backend.read(marks);
    assert.ok(found.every((mark, index) => mark === index % 1000 + 1));
  },
);

backendTest("run() names a missing input or uniform of a kernel", async (backend) => {
  const output = backend.allocate("f32", [3]);
  assert.throws(
    () => backend.run(BLEND, { inputs: {}, uniforms: { factor: 1 }, invocations: 3, output }),
    /blend: no values/,
  );
  const values = backend.allocate("f32", [3]);
  assert.throws(
    () => backend.run(BLEND, { inputs: { values }, uniforms: {}, invocations: 3, output }),
    /blend: no factor/,
  );
  await Promise.resolve();
});

backendTest(
  "upload() copies its array, and read() reads several tensors and parts of them",
  async (backend) => {
    const values = Float32Array.of(1.5, -2.5, 3.5, 4.5, 5.5, 6.5);
    const floats = backend.upload(values, [2, 3]);
    const integers = backend.upload(Int32Array.of(-7, 2 ** 31 - 1), [2]);
    values.fill(0);
    const read = backend.read(backend.view(floats, [4]), integers, floats);
    backend.release(floats, integers);
    const [part, whole, all] = await read;
    assert.deepEqual([...part], [1.5, -2.5, 3.5, 4.5]);
    assert.deepEqual([...whole], [-7, 2 ** 31 - 1]);
    assert.equal(all.length, 6);
  },
);

backendTest("scoped() releases the tensors made in it, and trim() frees their buffers", async (backend) => {
  const kept = backend.upload(uniformFloats(3, 64 * 64), [64, 64]);
  const before = backend.memory;
  const read = backend.scoped(() => {
    const square = backend.matmul(kept, kept);
    const values = backend.matmul(square, kept, { transposeA: true });
    backend.scoped(() => backend.allocate("i32", [1000]));
    const read = backend.read(values);
    backend.flush();
    return read;
  });
  assert.equal(backend.memory.tensors, before.tensors);
  assert.ok(backend.memory.bytes > before.bytes);
  await read;
  backend.trim();
  assert.ok(backend.memory.bytes <= before.bytes);
  assert.equal((await backend.read(kept))[0].length, 64 * 64);
});

backendTest("counts has the dispatches and the bytes up and down", async (backend) => {
  const a = backend.upload(uniformFloats(1, 12), [3, 4]);
  const product = backend.matmul(a, a, { transposeB: true });
  backend.run(BLEND, { inputs: { values: product }, uniforms: { factor: 1 }, invocations: 9, output: [9] });
  await backend.read(product, a);
  const { dispatches, bytesUp, bytesDown, submits } = backend.counts;
  assert.deepEqual({ dispatches, bytesUp, bytesDown }, { dispatches: 2, bytesUp: 48, bytesDown: 84 });
  assert.ok(submits >= 1);
});

backendTest(
  "a buffer larger than the device's limit is an EngineError with that limit",
  async (backend) => {
    const { maxBufferSize, maxStorageBufferBindingSize } = backend.adapter.limits;
    const many = Math.min(maxBufferSize, maxStorageBufferBindingSize) / 4 + 1;
    assert.throws(() => backend.allocate("f32", [many]), {
      name: "EngineError",
      message: /MiB were asked for in one buffer, but its largest has .* MiB/,
    });
    assert.deepEqual([...(await backend.read(backend.upload(Float32Array.of(4), [1])))[0]], [4]); // nothing else is lost
  },
);

gpuTest("a command that the device refuses rejects the next read() and all later calls", async () => {
  const backend = await openBackend();
  const WRONG: WgslKernel<"f32"> = {
    ...BLEND,
    name: "wrong",
    code: "fn kernel(index : i32) { this is no WGSL }",
  };
  const values = backend.upload(Float32Array.of(1), [1]);
  const result = backend.run(WRONG, {
    inputs: { values },
    uniforms: { factor: 1 },
    invocations: 1,
    output: [1],
  });
  const message = /: the GPU refused a command: .*pars/;
  await assert.rejects(answered(backend.read(result)), { name: "EngineError", message });
  assert.throws(() => backend.upload(Float32Array.of(1), [1]), { name: "EngineError", message });
  backend.close();
});

for (const when of ["before", "after"] as const) {
  gpuTest(
    `a device that is lost ${when} read() is called rejects it with an EngineError`,
    async () => {
      const { gpu, devices } = watchedGpu();
      const backend = await openBackend({ gpu });
      const values = backend.upload(uniformFloats(1, 1 << 16), [256, 256]);
      const product = backend.matmul(values, values);
      if (when === "before") devices[0]!.destroy();
      const read = backend.read(product);
      if (when === "after") devices[0]!.destroy();
      await assert.rejects(answered(read), { name: "EngineError", message: /the GPU device was lost/ });
      await assert.rejects(answered(backend.read(product)), {
        name: "EngineError",
        message: /the GPU device was lost/,
      });
      backend.close();
    },
  );
}

gpuTest("close() rejects pending reads, and a second close() does nothing", async () => {
  const backend = await openBackend();
  const read = backend.read(backend.upload(uniformFloats(1, 1000), [1000]));
  backend.close();
  await assert.rejects(answered(read), { name: "EngineError", message: /closed/ });
  backend.close();
});

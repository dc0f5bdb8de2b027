import assert from "node:assert/strict";
import { ENCODE_NOISE } from "../../../asm/encoders/noise.wgsl.ts";
import { DECODE_PIXELS } from "../../../asm/encoders/pixels.wgsl.ts";
import { ADD_PARTS, SUM_PARTS, SUM_ROWS, SUM_STEPS, TRACE_INPUTS } from "../../../asm/gradient.wgsl.ts";
import { operatorSumKernel, PART_TERMS } from "../../../asm/operator.wgsl.ts";
import { SCALE } from "../../../asm/operators/scale.wgsl.ts";
import { HASH_COUNTERS } from "../../../asm/random.wgsl.ts";
import { CROSS_ENTROPY } from "../../../asm/loss.wgsl.ts";
import { SAMPLE_INFO, SAMPLE_INFO_COLUMNS } from "../../../asm/scan.wgsl.ts";
import { loadKernels } from "../../../src/engine/wasm/load.ts";
import { draw, drawKey, randomBits, STREAM } from "../../../src/random.ts";
import { KernelMemory } from "../../asm/kernel_memory.ts";
import { assertClose, assertSameBits, uniformFloats } from "../../asm/numbers.ts";
import { backendTest } from "./gpu.ts";

backendTest(
  "hashCounters gives the bits of WASM and of TypeScript for a million counters",
  async (backend) => {
    const memory = new KernelMemory(await loadKernels());
    const count = 1 << 18;
    const keys = [
      drawKey(0, STREAM.training, 1, 0),
      drawKey(2 ** 53 - 1, STREAM.evaluation, 65_535, 59_999),
      { key0: 0, key1: 0 },
      { key0: -1, key1: 0x7fffffff },
    ];
    for (const [i, { key0, key1 }] of keys.entries()) {
      const counter = [0, -(1 << 17), 0x7fffffff - 1000, 12_345][i]!; // over 0, over the sign, odd
      const bits = backend.run(HASH_COUNTERS, {
        inputs: {},
        uniforms: { counter, key0, key1 },
        invocations: count,
        output: [count],
      });
      const [found] = await backend.read(bits);
      backend.release(bits);
      const out = memory.output(count);
      memory.kernels.hashCounters(counter, key0, key1, out, count);
      const compiled = memory.integersAt(out, count);
      const differs = found.findIndex((word, n) =>
        word !== compiled[n] || word >>> 0 !== randomBits({ key0, key1 }, counter + n | 0)
      );
      assert.equal(differs, -1, `key ${i}`);
      memory.clear();
    }
  },
);

for (const [inputs, steps, samples] of [[1, 1, 1], [7, 5, 3], [64, 9, 2], [33, 130, 4]] as const) {
  backendTest(
    `encodeNoise gives the bits of r ⊙ x for ${samples} samples of ${inputs} inputs and ${steps} steps`,
    async (backend) => {
      const features = uniformFloats(5, samples * inputs);
      const keys = Array.from(
        { length: samples },
        (_, sample) => drawKey(7, STREAM.training, 2, 1000 + sample),
      );
      const x = backend.run(ENCODE_NOISE, {
        inputs: {
          features: backend.upload(features, [samples, inputs]),
          keys: backend.upload(Int32Array.from(keys.flatMap(({ key0, key1 }) => [key0, key1])), [samples, 2]),
        },
        uniforms: { steps, inputs },
        invocations: samples * steps * Math.ceil(inputs / 2),
        output: [samples * steps, inputs],
      });
      const [found] = await backend.read(x);
      const expected = Float32Array.from(found, (_, i) => {
        const sample = Math.floor(i / (steps * inputs)),
          step = Math.floor(i / inputs) % steps,
          input = i % inputs;
        return draw(keys[sample]!, step, input) * features[sample * inputs + input]!;
      });
      assertSameBits(found, expected, "X");
    },
  );
}

backendTest("decodePixels looks up every byte", async (backend) => {
  const table = uniformFloats(6, 256), bytes = Uint8Array.from({ length: 1028 }, (_, i) => 89 * i + 13);
  const features = backend.run(DECODE_PIXELS, {
    inputs: {
      pixels: backend.upload(new Int32Array(bytes.buffer), [257]),
      table: backend.upload(table, [256]),
    },
    uniforms: {},
    invocations: 1027, // not a whole word
    output: [1027],
  });
  const [found] = await backend.read(features);
  assertSameBits(found, Float32Array.from(bytes.subarray(0, 1027), (pixel) => table[pixel]!), "features");
});

backendTest("traceInputs computes the leaky trace of each sample in place", async (backend) => {
  const [samples, steps, inputs, decay] = [3, 11, 5, 0.75];
  const values = uniformFloats(7, samples * steps * inputs);
  const x = backend.upload(values, [samples * steps, inputs]);
  backend.run(TRACE_INPUTS, {
    inputs: {},
    uniforms: { steps, inputs, decay },
    invocations: samples * inputs,
    output: x,
  });
  const expected = Float64Array.from(values);
  for (let i = 0; i < expected.length; i++) {
    if (Math.floor(i / inputs) % steps > 0) expected[i]! += decay * expected[i - inputs]!;
  }
  assertClose((await backend.read(x))[0], expected, "trace");
});

backendTest("sumRows and addParts add in order, from the given offsets", async (backend) => {
  const [begin, parts, rows, columns] = [10, 3, 4, 5];
  const values = uniformFloats(8, begin + parts * rows * columns);
  const sums = backend.run(SUM_ROWS, {
    inputs: { values: backend.upload(values, [values.length]) },
    uniforms: { begin, rows, columns },
    invocations: parts * columns,
    output: [parts, columns],
  });
  const expected = new Float32Array(parts * columns);
  for (let part = 0; part < parts; part++) {
    for (let row = 0; row < rows; row++) {
      for (let column = 0; column < columns; column++) {
        const at = part * columns + column;
        expected[at] = expected[at]! + values[begin + (part * rows + row) * columns + column]!;
      }
    }
  }
  assertSameBits((await backend.read(sums))[0], expected, "sums");
  const total = backend.upload(Float32Array.of(1, 2, 3, 4, 5), [columns]);
  const add = (keep: 0 | 1) =>
    backend.run(ADD_PARTS, {
      inputs: { values: sums },
      uniforms: { parts, keep },
      invocations: columns,
      output: total,
    });
  const folded = (start: number, column: number) =>
    Array.from({ length: parts }, (_, part) => expected[part * columns + column]!).reduce(
      (sum, value) => Math.fround(sum + value),
      start,
    );
  add(1);
  const added = Float32Array.from({ length: columns }, (_, column) => folded(column + 1, column));
  assertSameBits((await backend.read(total))[0], added, "onto what is there");
  add(0);
  const anew = Float32Array.from({ length: columns }, (_, column) => folded(0, column));
  assertSameBits((await backend.read(total))[0], anew, "anew");
});

/** Σ over rows of `values` `[rows, columns]`, in float64. */
function columnSums(values: Float32Array, columns: number): Float64Array {
  const sums = new Float64Array(columns);
  values.forEach((value, i) => sums[i % columns]! += value);
  return sums;
}

backendTest("sumSteps sums the rows of each sample, and many of them as exactly as few", async (backend) => {
  const [samples, columns] = [3, 5];
  for (const rows of [1, 128, 5000]) {
    const values = uniformFloats(10, samples * rows * columns).map((value) => value + 1);
    const sums = backend.run(SUM_STEPS, {
      inputs: { values: backend.upload(values, [samples * rows, columns]) },
      uniforms: { rows, columns },
      invocations: samples * columns,
      output: [samples, columns],
    });
    const size = rows * columns, of = (sample: number) => values.subarray(sample * size, (sample + 1) * size);
    const expected = Array.from({ length: samples }, (_, sample) => [...columnSums(of(sample), columns)])
      .flat();
    assertClose((await backend.read(sums))[0], expected, `${rows} rows`, { relative: 3e-6, absolute: 0 });
  }
});

backendTest("sumParts sums rows some at a time, of which the last part has fewer", async (backend) => {
  const [rows, columns, most] = [11, 3, 4], parts = Math.ceil(rows / most);
  const values = uniformFloats(11, rows * columns);
  const sums = backend.run(SUM_PARTS, {
    inputs: { values: backend.upload(values, [rows, columns]) },
    uniforms: { rows, columns, most },
    invocations: parts * columns,
    output: [parts, columns],
  });
  const expected = Array.from({ length: parts }, (_, part) => [
    ...columnSums(values.subarray(part * most * columns, (part + 1) * most * columns), columns),
  ]).flat();
  assertClose((await backend.read(sums))[0], expected, "sums");
});

backendTest(
  "a kernel of an operator's sums begins at a given part, and ends with the last term",
  async (backend) => {
    const [samples, steps, units] = [7, 100, 3], terms = samples * steps;
    const x = uniformFloats(12, terms * units), delta = uniformFloats(13, terms * units);
    const kernel = operatorSumKernel(SCALE, "gradient_weight", SCALE.gradients!["weight"]!);
    const run = async (firstPart: number, parts: number) => {
      const sums = backend.run(kernel, {
        inputs: { values: backend.upload(delta, [terms, units]), inputs: backend.upload(x, [terms, units]) },
        uniforms: {
          ...{
            steps,
            valueUnits: units,
            inputUnits: units,
            isTraining: 1,
            isRow: 0,
            counted: samples,
            batchTerms: 0,
          },
          ...{ firstPart, numbers: units, terms, rowTerms: 1 },
        },
        invocations: parts * units,
        output: [parts, units],
      });
      return (await backend.read(sums))[0];
    };
    const whole = await run(0, 3);
    const products = x.map((value, i) => value * delta[i]!), size = PART_TERMS * units;
    const expected = [0, 1, 2].flatMap((part) => [
      ...columnSums(products.subarray(part * size, (part + 1) * size), units),
    ]);
    assertClose(whole, expected, "all parts");
    assertSameBits(await run(1, 2), whole.subarray(units), "from the second one on");
  },
);

backendTest(
  "crossEntropy matches float64 for close and for far logits, and leaves out padding samples",
  async (backend) => {
    const [samples, counted, classes, scale] = [6, 5, 7, 0.125];
    const logits = uniformFloats(9, samples * classes);
    logits.forEach((value, i) => logits[i] = value * [0.1, 1, 10, 60, 1000, 1][Math.floor(i / classes)]!);
    const labels = Int32Array.from({ length: samples }, (_, i) => (3 * i) % classes);
    const sampleInfo = new Int32Array(SAMPLE_INFO_COLUMNS * samples),
      scales = new Float32Array(sampleInfo.buffer);
    for (let i = 0; i < samples; i++) {
      sampleInfo[SAMPLE_INFO_COLUMNS * i + SAMPLE_INFO.label] = labels[i]!;
      scales[SAMPLE_INFO_COLUMNS * i + SAMPLE_INFO.scale] = scale / 4;
    }
    const result = backend.run(CROSS_ENTROPY, {
      inputs: {
        logits: backend.upload(logits, [samples, classes]),
        sampleInfo: backend.upload(sampleInfo, [samples, SAMPLE_INFO_COLUMNS]),
      },
      uniforms: { classes, counted, share: 4 },
      invocations: samples,
      output: [(2 * classes + 2) * samples],
    });
    const [found] = await backend.read(result);
    for (let sample = 0; sample < samples; sample++) {
      const z = [...logits.subarray(sample * classes, (sample + 1) * classes)];
      const highest = Math.max(...z), label = labels[sample]!;
      const logSum = Math.log(z.reduce((sum, value) => sum + Math.exp(value - highest), 0));
      const logp = z.map((value) => value - highest - logSum);
      const gradient = logp.map((value, i) =>
        counted > sample ? scale * (Math.exp(value) - (i === label ? 1 : 0)) : 0
      );
      const part = (region: number, size: number) =>
        found.subarray(region + sample * size, region + (sample + 1) * size);
      assertClose(part(0, classes), gradient, `gradient of sample ${sample}`, {
        relative: 1e-4,
        absolute: 1e-7,
      });
      assertClose(part(samples * classes, classes), logp, `log-probabilities of sample ${sample}`, {
        relative: 1e-5,
        absolute: 1e-5,
      });
      assertClose(part(2 * samples * classes, 1), [-logp[label]!], `loss of sample ${sample}`, {
        relative: 1e-5,
        absolute: 1e-5,
      });
      assert.equal(found[2 * samples * classes + samples + sample], z.indexOf(highest));
    }
  },
);

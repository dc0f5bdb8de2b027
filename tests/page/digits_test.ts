import assert from "node:assert/strict";
import { packDigits, unpackDigits } from "../../src/page/digits.ts";
import { InputError } from "../../src/errors.ts";
import type { Samples } from "../../src/data/samples.ts";

const samples = (count: number): Samples => ({
  name: "digits",
  count,
  size: 784,
  picture: { rows: 28, columns: 28 },
  features: Uint8Array.from({ length: count * 784 }, (_, i) => (i * 7919) % 256),
  labels: Uint8Array.from({ length: count }, (_, i) => i % 10),
});

Deno.test("unpackDigits() gives back the first samples that packDigits() packed", async () => {
  const train = samples(7), test = samples(5);
  const packed = await packDigits({ train, test }, { train: 6, test: 3 });
  const unpacked = await unpackDigits(new Blob([packed]));
  for (const [got, from, count] of [[unpacked.train, train, 6], [unpacked.test, test, 3]] as const) {
    assert.deepEqual([got.count, got.size, got.picture], [count, 784, { rows: 28, columns: 28 }]);
    assert.deepEqual(got.features, from.features.subarray(0, count * 784));
    assert.deepEqual(got.labels, from.labels.subarray(0, count));
  }
});

Deno.test("unpackDigits() refuses what is cut or is something else", async () => {
  const packed = await packDigits({ train: samples(2), test: samples(2) }, { train: 2, test: 2 });
  for (const damaged of [packed.subarray(0, packed.length - 9), new Uint8Array(20), new Uint8Array()]) {
    await assert.rejects(unpackDigits(new Blob([Uint8Array.from(damaged)])), InputError);
  }
});

Deno.test("packDigits() takes all where there are fewer, and refuses pictures of another size", async () => {
  const packed = await packDigits({ train: samples(2), test: samples(3) }, { train: 9, test: 9 });
  const { train, test } = await unpackDigits(new Blob([packed]));
  assert.deepEqual([train.count, test.count], [2, 3]);
  const small = { ...samples(2), size: 9 };
  await assert.rejects(packDigits({ train: small, test: small }, { train: 1, test: 1 }), RangeError);
});

import assert from "node:assert/strict";
import type { Tensor } from "../../src/network/safetensors.ts";
import { numbersOf } from "../../src/network/tensor_numbers.ts";

/** A tensor of all 16-bit patterns. */
const every = (dtype: "F16" | "BF16"): Tensor => ({
  dtype,
  shape: [65_536],
  data: Uint16Array.from({ length: 65_536 }, (_, bits) => bits),
});

Deno.test("numbersOf() gives every number of binary16, in strictly increasing order", () => {
  const numbers = numbersOf(every("F16"));
  // IEEE 754: least subnormal, least normal, one and its neighbour, the largest, infinity; table of binary16.
  const known: [bits: number, value: number][] = [
    [0x0000, 0],
    [0x0001, 5.9604644775390625e-8],
    [0x03ff, 0.00006097555160522461],
    [0x0400, 0.00006103515625],
    [0x3555, 0.333251953125],
    [0x3c00, 1],
    [0x3c01, 1.0009765625],
    [0x7bff, 65_504],
    [0x7c00, Infinity],
  ];
  for (const [bits, value] of known) {
    assert.equal(numbers[bits], value);
    assert.ok(Object.is(numbers[bits | 0x8000], -value));
  }
  for (let bits = 1; bits <= 0x7c00; bits++) assert.ok(numbers[bits]! > numbers[bits - 1]!);
  for (let bits = 0x7c01; bits < 0x8000; bits++) assert.ok(Number.isNaN(numbers[bits]));
  const half: unknown = Reflect.get(globalThis, "Float16Array"); // if the runtime has it
  if (typeof half === "function") {
    const bits = Uint16Array.from({ length: 65_536 }, (_, i) => i);
    const native = Object(Reflect.construct(half, [bits.buffer]));
    numbers.forEach((value, i) => assert.ok(Object.is(value, Reflect.get(native, i)), `bits ${i}`));
  }
});

Deno.test("numbersOf() gives the upper half of a float32 for BF16, 0 and 1 for BOOL, and other dtypes unchanged", () => {
  const numbers = numbersOf(every("BF16"));
  assert.deepEqual([0x3f80, 0x4049, 0xc2f7, 0x0001].map((bits) => numbers[bits]), [
    1,
    3.140625,
    -123.5,
    2 ** -133,
  ]);
  assert.deepEqual(
    numbersOf({ dtype: "BOOL", shape: [3], data: Uint8Array.of(0, 1, 7) }),
    Uint8Array.of(0, 1, 1),
  );
  assert.deepEqual(
    numbersOf({ dtype: "U64", shape: [2], data: BigUint64Array.of(2n ** 63n, 5n) }),
    Float64Array.of(2 ** 63, 5),
  );
  const data = Int16Array.of(-3, 4);
  assert.equal(numbersOf({ dtype: "I16", shape: [2], data }), data);
});

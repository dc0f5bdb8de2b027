/** 1,000 damaged files: one line of error each, or a network that holds together; memory and time are bounded. */
import assert from "node:assert/strict";
import fc from "fast-check";
import { structureOf } from "../../src/network/structure.ts";
import { sizeOf } from "../../src/network/shape.ts";
import { parseNetworkSpec } from "../../src/network/spec.ts";
import { type NirModel, readNir } from "../../src/nir/read_nir.ts";
import { mutationsOf } from "../mutations.ts";
import { assertWithstands } from "../withstand.ts";
import { nirFile } from "./nir_files.ts";

const NAMES = [
  "odd/ordinary.nir",
  "made/snntorch_rleaky_nested/snntorch_rleaky_nested.nir",
  "made/sinabs_cnn/sinabs_cnn.nir",
  "layouts/lzf.nir",
  "layouts/checked.nir",
];
const originals = await Promise.all(NAMES.map(async (name) => (await nirFile(name)).bytes));
/** A network has more numbers than its file: shapes and constants stand for many. */
const MEMORY = { bytesPerByte: 64, spareBytes: 32 * 2 ** 20 };

const read = (bytes: Uint8Array) => readNir(bytes, {}, "damaged.nir");

/** A network is whole: its description is checked once more, and each tensor has its numbers, all finite. */
function holds({ model: { spec, parameters } }: NirModel): void {
  assert.deepEqual(parseNetworkSpec(JSON.parse(JSON.stringify(spec))), spec);
  const { tensors } = structureOf(spec);
  assert.deepEqual([...parameters.keys()], tensors.map(({ name }) => name));
  for (const { name, shape } of tensors) {
    const values = parameters.get(name)!;
    assert.equal(values.length, sizeOf(shape));
    assert.ok(values.every(Number.isFinite));
  }
}

Deno.test("readNir() ends in one line of error, or a whole network, for files with damaged bytes", async () => {
  const damaged = fc.oneof(...originals.map(mutationsOf));
  await assertWithstands(damaged, { files: 800, read, holds, ...MEMORY });
});

Deno.test("readNir() ends likewise for files that are cut short, and never in a network", async () => {
  const cut = fc.constantFrom(...originals).chain((bytes) =>
    fc.nat(bytes.length - 1).map((length) => bytes.subarray(0, length))
  );
  const never = () => assert.fail("a file that is cut short was read");
  await assertWithstands(cut, { files: 200, read, holds: never, ...MEMORY });
});

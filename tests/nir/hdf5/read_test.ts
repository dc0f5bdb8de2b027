import assert from "node:assert/strict";
import { InputError } from "../../../src/errors.ts";
import { readHdf5 } from "../../../src/nir/hdf5/read.ts";
import { type Dataset, type Group, isGroup } from "../../../src/nir/hdf5/tree.ts";
import { nirFile, nirPath } from "../nir_files.ts";

/** A dataset of a file. */
async function dataset(name: string, path: readonly string[]): Promise<Dataset> {
  const { bytes } = await nirFile(name);
  let entry: Group | Dataset = await readHdf5(bytes, name);
  for (const part of path) {
    assert.ok(isGroup(entry));
    entry = entry.get(part)!;
  }
  assert.ok(!isGroup(entry));
  return entry;
}

for (
  const { name } of [...Deno.readDirSync(nirPath("layouts"))].toSorted((a, b) => a.name < b.name ? -1 : 1)
) {
  Deno.test(`readHdf5() reads numbers and texts laid out as in ${name}`, async () => {
    const weight = await dataset(`layouts/${name}`, ["node", "nodes", "fc", "weight"]);
    assert.deepEqual(weight, {
      shape: [20, 15],
      numbers: Float32Array.from({ length: 300 }, (_, i) => i % 7 / 4),
    });
    const edges = await dataset(`layouts/${name}`, ["node", "edges"]);
    assert.deepEqual(edges, { shape: [3, 2], strings: ["input", "fc", "fc", "lif", "lif", "output"] });
    const shape = await dataset(`layouts/${name}`, ["node", "nodes", "input", "shape"]);
    assert.deepEqual(shape, { shape: [1], numbers: Float64Array.of(15) });
  });
}

Deno.test("readHdf5() says what a file is that is none", async () => {
  const cases: [bytes: Uint8Array, message: RegExp][] = [
    [new Uint8Array(), /^a file: it is no HDF5 file: expected a network that `nir.write` wrote$/],
    [new TextEncoder().encode("PK\x03\x04…"), /^a file: it is a ZIP archive, such as PyTorch writes: /],
  ];
  for (const [bytes, message] of cases) {
    await assert.rejects(
      readHdf5(bytes, "a file"),
      (error) => error instanceof InputError && message.test(error.message),
    );
  }
});

Deno.test("readHdf5() names the place of a damage", async () => {
  const { bytes } = await nirFile("layouts/checked.nir"), damaged = bytes.slice();
  // A byte of the last chunk, which its checksum tells.
  const at = damaged.findLastIndex((byte, i) => byte === 0x78 && damaged[i + 1] === 0x5e);
  damaged[at + 6]! ^= 0x10;
  await assert.rejects(
    readHdf5(damaged, "checked.nir"),
    (error) =>
      error instanceof InputError &&
      /^checked\.nir: node\/nodes\/fc\/weight: .*: the file is damaged/.test(error.message),
  );
});

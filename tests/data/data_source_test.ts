import assert from "node:assert/strict";
import { join } from "node:path";
import { dataFormOf } from "../../src/data/data_form.ts";
import { openDataSource } from "../../src/data/data_source.ts";
import { serializeSafetensors } from "../../src/network/safetensors.ts";
import { greyFile } from "./png_files.ts";
import { inTemporaryFolder } from "../temporary_folder.ts";
import { idxBytes } from "./idx_files.ts";

const tensorFile = (label: number) =>
  serializeSafetensors([
    ["x", { dtype: "F32", shape: [1, 4, 3], data: new Float32Array(12) }],
    ["y", { dtype: "I64", shape: [1], data: BigInt64Array.of(BigInt(label)) }],
  ]);

Deno.test("openDataSource() opens MNIST by default", async () => {
  const source = await openDataSource();
  assert.equal(source.name, "MNIST");
  const samples = await source.load("test");
  assert.deepEqual(dataFormOf(samples), { channels: 784, shape: [1, 28, 28], classes: 10 });
  assert.deepEqual(samples.picture, { rows: 28, columns: 28 });
});

Deno.test("openDataSource() detects the kind of data in a folder", async () => {
  await inTemporaryFolder(async (folder) => {
    const write = async (name: string, files: Readonly<Record<string, Uint8Array>>) => {
      for (const [file, bytes] of Object.entries(files)) {
        const path = join(folder, name, file);
        await Deno.mkdir(join(path, ".."), { recursive: true });
        await Deno.writeFile(path, bytes);
      }
      return openDataSource(join(folder, name));
    };
    const idx = await write("idx", {
      "t10k-images.idx3-ubyte": idxBytes([1, 2, 2], [1, 2, 3, 4]),
      "t10k-labels.idx1-ubyte": idxBytes([1], [3]),
    });
    assert.deepEqual(dataFormOf(await idx.load("test")), { channels: 4, shape: [1, 2, 2], classes: 4 });

    // Folders with the names of files do not count.
    const likeFiles = await write("digits.safetensors", {
      "test/train.safetensors/a.png": greyFile(2, 2, [0, 9, 9, 0]),
      "test/7.png/a.png": greyFile(2, 2, [0, 9, 9, 0]),
    });
    assert.equal((await likeFiles.load("test")).count, 2);

    const tensors = await write("tensors", {
      "train.safetensors": tensorFile(2),
      "test.safetensors": tensorFile(1),
    });
    assert.deepEqual(dataFormOf(await tensors.load("train")), { channels: 3, steps: 4, classes: 3 });
    assert.deepEqual([...(await tensors.load("test")).labels], [1]);

    const one = await openDataSource(join(folder, "tensors", "test.safetensors"));
    assert.deepEqual([...(await one.load("test")).labels], [1]);
    await assert.rejects(one.load("train"), {
      name: "InputError",
      message:
        /test\.safetensors: a single file has no part to train with: expected a folder with train\.safetensors/,
    });

    const pictures = await write("pictures", { "3/a.png": greyFile(1, 1, [255]) });
    assert.deepEqual(dataFormOf(await pictures.load("test", { side: 2 })), {
      channels: 4,
      shape: [1, 2, 2],
      classes: 4,
    });
    const named = await write("named", { "3-a.png": greyFile(1, 1, [255]) });
    assert.equal((await named.load("test")).size, 1);
  });
});

Deno.test("openDataSource() says what it expected in a folder without data", async () => {
  await inTemporaryFolder(async (folder) => {
    await assert.rejects(openDataSource(folder), {
      name: "InputError",
      message:
        /: no data set is in this folder: expected MNIST's four files .* folders of PNG or JPEG files .* train\.safetensors/,
    });
    await assert.rejects(openDataSource(join(folder, "none")), {
      name: "InputError",
      message: /no such file or folder/,
    });
    const missing = await openDataSource(join(folder, "none.safetensors"));
    await assert.rejects(missing.load("test"), { name: "InputError", message: /no such file or folder/ });
  });
});

import assert from "node:assert/strict";
import { join } from "node:path";
import { loadCifar10 } from "../../src/data/cifar.ts";
import { dataFormOf } from "../../src/data/data_form.ts";
import { openDataSource } from "../../src/data/data_source.ts";
import { inTemporaryFolder } from "../temporary_folder.ts";
import { BATCHES, CLASSES, recordAt, writeCifar } from "./cifar_files.ts";

Deno.test("loadCifar10() reads planes, labels and class names, and openDataSource() knows the folder", async () => {
  await inTemporaryFolder(async (folder) => {
    const inside = join(folder, "cifar-10-batches-bin");
    await writeCifar(inside);
    for (const path of [inside, folder]) {
      const source = await openDataSource(path);
      const test = await source.load("test");
      assert.deepEqual([test.name, test.count, test.size], [`${inside} test`, 10_000, 3072]);
      assert.deepEqual(test.picture, { channels: 3, rows: 32, columns: 32 });
      assert.deepEqual(dataFormOf(test), { channels: 3072, shape: [3, 32, 32], classes: 10 });
      assert.deepEqual(test.classes, CLASSES);
    }
    const { features, labels, count } = await loadCifar10(inside, "train");
    assert.equal(count, 50_000);
    assert.ok(features.buffer instanceof SharedArrayBuffer && labels.buffer instanceof SharedArrayBuffer);
    for (let batch = 0; batch < 5; batch++) {
      for (const at of [0, 1, 9999]) {
        const sample = 10_000 * batch + at, record = recordAt(batch, at);
        assert.equal(labels[sample], record[0]);
        assert.deepEqual(features.slice(3072 * sample, 3072 * (sample + 1)), record.subarray(1));
      }
    }
  });
});

Deno.test("loadCifar10() refuses files that are missing, cut short or damaged", async () => {
  await inTemporaryFolder(async (folder) => {
    await writeCifar(folder);
    const refused = async (split: "train" | "test", message: RegExp) => {
      await assert.rejects(loadCifar10(folder, split), { name: "InputError", message });
    };
    const test = join(folder, BATCHES.at(-1)!);
    await Deno.truncate(test, 10_000 * 3073 - 1);
    const size = "expected 30,730,000, 10,000 records of 3,073";
    await refused(
      "test",
      RegExp(`test_batch\\.bin: 30,729,999 bytes, ${size}: the file is cut short; fetch`),
    );
    await Deno.truncate(test, 10_000 * 3073 + 3073);
    await refused(
      "test",
      RegExp(`test_batch\\.bin: 30,733,073 bytes, ${size}: something was added to the file;`),
    );
    await Deno.remove(test);
    await refused("test", /test_batch\.bin: no such file or folder/);

    using file = await Deno.open(join(folder, BATCHES[2]!), { write: true });
    await file.seek(1234 * 3073, Deno.SeekMode.Start);
    await file.write(Uint8Array.of(10));
    await refused(
      "train",
      /data_batch_3\.bin: label 10 at 1234: CIFAR-10 has 10 classes, 0 to 9: the file is damaged/,
    );

    const names = join(folder, "batches.meta.txt");
    for (
      const [text, message] of [
        ["cat\ndog\n", /batches\.meta\.txt: 2 names, expected 10, a line each: the file is damaged; fetch/],
        [`${CLASSES.join("\n").replace("dog", "cat")}\n`, /batches\.meta\.txt: names 3 and 5 are both cat/],
        ["", /batches\.meta\.txt: 0 names, expected 10/],
      ] as const
    ) {
      await Deno.writeTextFile(names, text);
      await refused("train", message);
    }
    await Deno.remove(names);
    await refused("train", /batches\.meta\.txt: no such file or folder/);
  });
});

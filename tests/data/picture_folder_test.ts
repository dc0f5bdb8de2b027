import assert from "node:assert/strict";
import { dirname, join } from "node:path";
import { loadPictures } from "../../src/data/picture_folder.ts";
import { greyFile } from "./png_files.ts";
import { inTemporaryFolder } from "../temporary_folder.ts";

/** A light dot on a dark ground, `value` bright. */
const dot = (value: number, side = 3) =>
  greyFile(
    side,
    side,
    Array.from({ length: side * side }, (_, i) => i === (side * side - 1) / 2 ? value : 0),
  );

/** Runs a test in a temporary folder with these files. */
async function withFiles(
  files: Readonly<Record<string, Uint8Array>>,
  test: (folder: string) => Promise<void>,
): Promise<void> {
  await inTemporaryFolder(async (folder) => {
    for (const [name, bytes] of Object.entries(files)) {
      await Deno.mkdir(join(folder, dirname(name)), { recursive: true });
      await Deno.writeFile(join(folder, name), bytes);
    }
    await test(folder);
  });
}

/** The brightest pixel and the label of each sample. */
async function summary(folder: string, split: "train" | "test") {
  const { count, size, features, labels } = await loadPictures(folder, split, { side: 3 });
  return Array.from(
    { length: count },
    (_, i) => [Math.max(...features.subarray(i * size, (i + 1) * size)), labels[i]],
  );
}

Deno.test("loadPictures() reads one folder per class, sorted, with numbers as labels", async () => {
  await withFiles({
    "train/7/b.png": dot(200),
    "train/7/a.PNG": dot(100),
    "train/10/x.png": dot(50),
    "train/10/notes.txt": Uint8Array.of(1),
    "train/.hidden/x.png": dot(1),
    "test/7/z.png": dot(9),
  }, async (folder) => {
    assert.deepEqual(await summary(folder, "train"), [[50, 10], [100, 7], [200, 7]]);
    assert.deepEqual(await summary(folder, "test"), [[9, 7]]);
    const { name, size, picture, features } = await loadPictures(folder, "train");
    assert.deepEqual([name, size, picture], [`${folder} train`, 784, { rows: 28, columns: 28 }]);
    assert.ok(features.buffer instanceof SharedArrayBuffer);
  });
});

Deno.test("loadPictures() numbers named classes in the order of the training pictures' names", async () => {
  await withFiles({
    "train/dog/1.png": dot(1),
    "train/ant/1.png": dot(2),
    "train/cat/1.png": dot(3),
    "test/dog/1.png": dot(4),
  }, async (folder) => {
    assert.deepEqual(await summary(folder, "train"), [[2, 0], [3, 1], [1, 2]]);
    assert.deepEqual(await summary(folder, "test"), [[4, 2]]);
  });
});

Deno.test("loadPictures() names its classes, those of train/ also in test/", async () => {
  const classesOf = async (folder: string, split: "train" | "test") =>
    (await loadPictures(folder, split)).classes;
  await withFiles({
    "train/dog/1.png": dot(1),
    "train/e\u0301t\u00e9/1.png": dot(2), // as macOS has it
    "train/ant/1.png": dot(3),
    "test/dog/1.png": dot(4),
    "test/\u00e9t\u00e9/1.png": dot(5), // as others have it
  }, async (folder) => {
    const names = ["ant", "dog", "\u00e9t\u00e9"];
    assert.deepEqual(await classesOf(folder, "train"), names);
    assert.deepEqual(await classesOf(folder, "test"), names);
    assert.deepEqual(await summary(folder, "test"), [[4, 1], [5, 2]]);
    assert.deepEqual(await classesOf(`${folder}/test`, "test"), ["dog", "\u00e9t\u00e9"]);
  });
  await withFiles({ "02/a.png": dot(1), "4/a.png": dot(1) }, async (folder) => {
    assert.deepEqual(await classesOf(folder, "test"), ["0", "1", "2", "3", "4"]);
  });
});

Deno.test("loadPictures() takes the class from the first number in a file's name if there are no folders", async () => {
  await withFiles(
    { "7-first.png": dot(5), "7-second.png": dot(6), "07.png": dot(7), "3.png": dot(8) },
    async (folder) => {
      assert.deepEqual(await summary(folder, "test"), [[7, 7], [8, 3], [5, 7], [6, 7]]);
    },
  );
});

Deno.test("loadPictures() takes a folder without parts for evaluation, not for training", async () => {
  await withFiles({ "7/a.png": dot(5) }, async (folder) => {
    assert.deepEqual(await summary(folder, "test"), [[5, 7]]);
    await assert.rejects(loadPictures(folder, "train"), {
      name: "InputError",
      message: /: it has no folder train: expected train\/CLASS\/\*\.png to train with/,
    });
  });
});

Deno.test("loadPictures() refuses folders that are no data set, and names the file", async () => {
  const refused: [files: Readonly<Record<string, Uint8Array>>, split: "train" | "test", message: RegExp][] = [
    [{ "train/7/a.png": dot(5) }, "test", /: it has no folder test: /],
    [{ "train/7/a.txt": dot(5) }, "train", /train: no PNG pictures are there: expected CLASS/],
    [{ "train/seven.png": dot(5) }, "train", /seven\.png: its name has no class: put it into a folder/],
    [{ "train/7/a.png": Uint8Array.of(1, 2) }, "train", /7\/a\.png: 2 bytes that are no PNG/],
    [{ "train/256/a.png": dot(5) }, "train", /: class 256 would be number 256: expected 0 to 255/],
    [
      { "train/7/a.png": dot(5), "test/8/b.png": dot(5) },
      "test",
      /test\/8\/b\.png: class 8 is not among those of .*train: expected one of 7$/,
    ],
  ];
  for (const [files, split, message] of refused) {
    await withFiles(files, async (folder) => {
      await assert.rejects(loadPictures(folder, split), { name: "InputError", message });
    });
  }
});

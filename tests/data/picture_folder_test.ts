import assert from "node:assert/strict";
import { dirname, join } from "node:path";
import { loadPictures } from "../../src/data/picture_folder.ts";
import type { WantedForm } from "../../src/data/samples.ts";
import { COLUMNS, JPEG_CASES, ROWS } from "./jpeg_files.ts";
import { greyFile, pngFile } from "./png_files.ts";
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

/** A file of a picture of one colour. */
const plain = (width: number, height: number, colour: readonly [number, number, number]) =>
  pngFile({
    width,
    height,
    depth: 8,
    colour: 2,
    samples: Array.from({ length: width * height }, () => colour).flat(),
  });

const { bytes: JPEG, pixels: JPEG_PIXELS } = JPEG_CASES.find(({ name }) => name === "baseline")!;
const { bytes: GREY_JPEG } = JPEG_CASES.find(({ name }) => name === "grey")!;

/** The size and channels of pictures. */
async function sizeOf(folder: string, split: "train" | "test", wanted?: WantedForm) {
  const { size, picture } = await loadPictures(folder, split, wanted),
    { rows = 0, columns = 0, channels = 1 } = picture ?? {};
  assert.equal(size, channels * rows * columns);
  return [channels, rows, columns];
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
    assert.deepEqual([name, size, picture], [`${folder} train`, 9, { rows: 3, columns: 3 }]);
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
      message: /: it has no folder train: expected train\/CLASS\/\*\.png or \*\.jpg to train with/,
    });
  });
});

Deno.test("loadPictures() refuses folders that are no data set, and names the file", async () => {
  const refused: [files: Readonly<Record<string, Uint8Array>>, split: "train" | "test", message: RegExp][] = [
    [{ "train/7/a.png": dot(5) }, "test", /: it has no folder test: /],
    [{ "train/7/a.txt": dot(5) }, "train", /train: no PNG or JPEG pictures are there: expected CLASS/],
    [{ "train/seven.png": dot(5) }, "train", /seven\.png: its name has no class: put it into a folder/],
    [{ "train/7/a.png": Uint8Array.of(1, 2) }, "train", /7\/a\.png: 2 bytes that are no PNG/],
    [{ "train/7/a.jpg": Uint8Array.of(1, 2) }, "train", /7\/a\.jpg: 2 bytes that are no JPEG/],
    [
      { "train/7/a.jpg": JPEG.slice(0, 300) },
      "train",
      /7\/a\.jpg: the JPEG is cut short or damaged: save it anew$/,
    ],
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

Deno.test("loadPictures() takes pictures of one size as they are, and makes squares of others", async () => {
  const wide = greyFile(4, 2, [9, 9, 9, 9, 0, 0, 0, 0]);
  await withFiles({ "test/1/a.png": wide, "test/2/b.png": wide }, async (folder) => {
    const { features, picture } = await loadPictures(folder, "test");
    assert.deepEqual(picture, { rows: 2, columns: 4 });
    assert.deepEqual([...features], [9, 9, 9, 9, 0, 0, 0, 0, 9, 9, 9, 9, 0, 0, 0, 0]);
    assert.deepEqual(await sizeOf(folder, "test", { side: 5 }), [1, 5, 5]);
    assert.deepEqual(await sizeOf(folder, "test", { rows: 3, columns: 6 }), [1, 3, 6]);
    assert.deepEqual(await sizeOf(folder, "test", { channels: 3 }), [3, 2, 4]);
  });
  await withFiles({ "test/1/a.png": wide, "test/2/b.png": dot(9) }, async (folder) => {
    assert.deepEqual(await sizeOf(folder, "test"), [1, 28, 28]);
    assert.deepEqual(await sizeOf(folder, "test", { channels: 3 }), [3, 28, 28]);
  });
});

Deno.test("loadPictures() gives three channels where a picture has colours", async () => {
  const grey = greyFile(2, 1, [7, 200]);
  await withFiles({ "test/1/a.png": grey, "test/1/b.png": plain(2, 1, [1, 2, 3]) }, async (folder) => {
    const { features, picture, labels } = await loadPictures(folder, "test");
    assert.deepEqual(picture, { rows: 1, columns: 2, channels: 3 });
    assert.deepEqual([...features], [7, 200, 7, 200, 7, 200, 1, 1, 2, 2, 3, 3]);
    assert.deepEqual([...labels], [1, 1]);
    assert.ok(features.buffer instanceof SharedArrayBuffer);
    const inGrey = await loadPictures(folder, "test", { channels: 1 });
    assert.deepEqual([...inGrey.features], [7, 200, 2, 2]);
    assert.deepEqual(inGrey.picture, { rows: 1, columns: 2 });
    await assert.rejects(loadPictures(folder, "test", { channels: 2 }), {
      name: "InputError",
      message: /: pictures have 1 channel or 3, but 2 are wanted: give tensors instead$/,
    });
  });
  // Grey in the form of colours is grey.
  await withFiles({ "test/1/a.png": plain(2, 1, [9, 9, 9]) }, async (folder) => {
    assert.deepEqual(await sizeOf(folder, "test"), [1, 1, 2]);
  });
});

Deno.test("loadPictures() reads JPEG beside PNG, by what a file is", async () => {
  const files = {
    "test/1/a.jpg": JPEG,
    "test/1/b.JPEG": JPEG,
    "test/1/c.png": JPEG,
    "test/2/d.jpeg": plain(COLUMNS, ROWS, [1, 2, 3]),
    "test/2/e.jpg": GREY_JPEG,
  };
  await withFiles(files, async (folder) => {
    const { count, size, features, picture, labels } = await loadPictures(folder, "test");
    assert.deepEqual([count, picture], [5, { rows: ROWS, columns: COLUMNS, channels: 3 }]);
    assert.deepEqual([...labels], [1, 1, 1, 2, 2]);
    const pixels = ROWS * COLUMNS;
    for (let at = 0; at < size; at++) {
      const expected = JPEG_PIXELS[3 * (at % pixels) + Math.floor(at / pixels)]!;
      for (const sample of [0, 1, 2]) assert.ok(Math.abs(features[sample * size + at]! - expected) <= 3);
      assert.equal(features[3 * size + at], 1 + Math.floor(at / pixels));
      assert.equal(features[4 * size + at], features[4 * size + at % pixels]);
    }
  });
  await withFiles({ "test/2/e.jpg": GREY_JPEG }, async (folder) => {
    assert.deepEqual(await sizeOf(folder, "test"), [1, ROWS, COLUMNS]);
  });
});

Deno.test("loadPictures() finds the form of a network that takes so many numbers", async () => {
  const files = { "test/1/a.png": plain(8, 2, [1, 2, 3]) };
  await withFiles(files, async (folder) => {
    assert.deepEqual(await sizeOf(folder, "test", { size: 16 }), [1, 2, 8]); // as they are, rather than 4 × 4
    assert.deepEqual(await sizeOf(folder, "test", { size: 48 }), [3, 2, 8]);
    assert.deepEqual(await sizeOf(folder, "test", { size: 25 }), [1, 5, 5]);
    assert.deepEqual(await sizeOf(folder, "test", { size: 75 }), [3, 5, 5]);
    assert.deepEqual(await sizeOf(folder, "test", { size: 7 }), [3, 2, 8]); // fits none
  });
  // No square has so many: the proportions are kept.
  await withFiles({ "test/1/a.png": plain(8, 6, [1, 2, 3]) }, async (folder) => {
    assert.deepEqual(await sizeOf(folder, "test", { size: 108, channels: 1 }), [1, 9, 12]);
    assert.deepEqual(await sizeOf(folder, "test", { size: 3 * 6 * 2 * 8 * 2, channels: 3 }), [3, 12, 16]);
  });
});

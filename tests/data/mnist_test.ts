import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { KNOWN_SETS, setOfLabels } from "../../src/data/known_classes.ts";
import { openDataSource } from "../../src/data/data_source.ts";
import { DATASETS } from "../../src/data/datasets.ts";
import { loadMnist, mnistDirectory, type Split, verifyMnist } from "../../src/data/mnist.ts";
import { inTemporaryFolder } from "../temporary_folder.ts";
import { gzipped, idxBytes } from "./idx_files.ts";

const PIXELS = 784;

/** Images whose pixels are the image's index. */
const images = (count: number) =>
  idxBytes([count, 28, 28], Array.from({ length: count * PIXELS }, (_, i) => Math.floor(i / PIXELS)));

/** Runs a test in a temporary folder with these files; names may have folders in them. */
async function withFiles(
  files: Readonly<Record<string, Uint8Array>>,
  test: (folder: string) => Promise<void>,
): Promise<void> {
  await inTemporaryFolder(async (folder) => {
    for (const [name, bytes] of Object.entries(files)) {
      await Deno.mkdir(dirname(join(folder, name)), { recursive: true });
      await Deno.writeFile(join(folder, name), bytes);
    }
    await test(folder);
  });
}

/** Asserts that {@linkcode loadMnist} refuses a training set of these bytes. */
async function rejectsTrain(imageFile: Uint8Array, labelFile: Uint8Array, message: RegExp): Promise<void> {
  const files = { "train-images-idx3-ubyte": imageFile, "train-labels-idx1-ubyte": labelFile };
  await withFiles(files, async (folder) => {
    await assert.rejects(loadMnist(folder, "train"), { name: "InputError", message });
  });
}

Deno.test("loadMnist() gives the package's official files, byte by byte", async () => {
  const expected: [Split, number, string, string][] = [
    ["train", 60_000, "6bbc9ace898e44ae57da46a324031adb", "a25bea736e30d166cdddb491f175f624"],
    ["test", 10_000, "2646ac647ad5339dbf082846283269ea", "27ae3e4e09519cfbb04c329615203637"],
  ];
  for (const [split, count, imagesMd5, labelsMd5] of expected) {
    const samples = await loadMnist(undefined, split);
    assert.equal(samples.name, `MNIST ${split}`);
    assert.equal(samples.count, count);
    assert.equal(samples.size, PIXELS);
    assert.deepEqual(samples.classes, ["0", "1", "2", "3", "4", "5", "6", "7", "8", "9"]);
    assert.ok(samples.features instanceof Uint8Array);
    assert.ok(samples.features.buffer instanceof SharedArrayBuffer);
    assert.ok(samples.labels.buffer instanceof SharedArrayBuffer);
    // The MD5s are of whole files, so the headers come first.
    const pixels = createHash("md5").update(idxBytes([count, 28, 28], [])).update(samples.features);
    assert.equal(pixels.digest("hex"), imagesMd5);
    const labels = createHash("md5").update(idxBytes([count], [])).update(samples.labels);
    assert.equal(labels.digest("hex"), labelsMd5);
  }
});

Deno.test("loadMnist() names the classes of Fashion-MNIST by its label files, in any folder", async () => {
  // Checksums of Zalando Research's two label files, without headers.
  assert.equal(KNOWN_SETS.fashion.classes[9], "Ankle boot");
  const { labels } = await loadMnist(undefined, "test");
  assert.equal(await setOfLabels(labels), KNOWN_SETS.mnist);
  assert.equal(await setOfLabels(labels.map((label) => 9 - label)), undefined);
  const files = { "t10k-images-idx3-ubyte": images(2), "t10k-labels-idx1-ubyte": idxBytes([2], [9, 0]) };
  await withFiles(files, async (folder) => {
    assert.equal((await loadMnist(folder, "test")).classes, undefined);
  });
});

Deno.test("loadMnist() recognises fetched data sets by their folder, and refuses a damaged label there", async () => {
  await inTemporaryFolder(async (folder) => {
    const data = join(folder, "data", "fashion");
    await Deno.mkdir(data, { recursive: true });
    const write = async (labels: number[]) => {
      await Deno.writeFile(join(data, "t10k-images-idx3-ubyte"), images(3));
      await Deno.writeFile(join(data, "t10k-labels-idx1-ubyte"), idxBytes([3], labels));
    };
    // In a process with another current folder.
    const load = async () => {
      const module = new URL("../../src/data/mnist.ts", import.meta.url);
      const code = `const { loadMnist } = await import(${JSON.stringify(module.href)});
        console.log(await loadMnist("data/fashion", "test").then((s) => s.classes.join(), (error) => error.message));`;
      const { stdout } = await new Deno.Command(Deno.execPath(), {
        args: ["eval", "--config", fileURLToPath(new URL("../../deno.json", import.meta.url)), code],
        cwd: folder,
        stdin: "null",
      }).output();
      return new TextDecoder().decode(stdout).trim();
    };
    await write([9, 0, 4]);
    assert.equal(
      await load(),
      "T-shirt/top,Trouser,Pullover,Dress,Coat,Sandal,Shirt,Sneaker,Bag,Ankle boot",
    );
    await write([9, 255, 4]);
    assert.match(
      await load(),
      /t10k-labels-idx1-ubyte: label 255 at 1: Fashion-MNIST has 10 classes, 0 to 9: the file is damaged, or another/,
    );
  });
});

Deno.test("the official files have the recorded MD5 and SHA-256", async () => {
  for (const file of DATASETS.mnist.files) {
    const bytes = await Deno.readFile(join(mnistDirectory(), file.name));
    assert.equal(bytes.length, file.bytes);
    assert.equal(createHash("md5").update(bytes).digest("hex"), file.md5);
    assert.equal(createHash("sha256").update(bytes).digest("hex"), file.sha256);
  }
  for (const { files, archive } of Object.values(DATASETS)) {
    for (const { sha256, packedSha256 } of files) {
      assert.match(sha256 ?? packedSha256 ?? archive?.sha256 ?? "", /^[0-9a-f]{64}$/);
    }
  }
});

Deno.test("loadMnist() reads images of four axes, with channels", async () => {
  const bytes = idxBytes([2, 3, 2, 4], Array.from({ length: 48 }, (_, i) => i)),
    labels = idxBytes([2], [1, 0]);
  for (const name of ["t10k-images-idx4-ubyte", "t10k-images.idx3-ubyte"]) {
    await withFiles({ [name]: bytes, "t10k-labels-idx1-ubyte": labels }, async (folder) => {
      const { count, size, picture, features } = await loadMnist(folder, "test");
      assert.deepEqual([count, size, picture], [2, 24, { rows: 2, columns: 4, channels: 3 }]);
      assert.deepEqual([...features], Array.from({ length: 48 }, (_, i) => i));
      assert.equal((await (await openDataSource(folder)).load("test")).size, 24);
    });
  }
  const grey = idxBytes([2, 1, 2, 4], Array.from({ length: 16 }, (_, i) => i));
  await withFiles({ "t10k-images-idx4-ubyte": grey, "t10k-labels-idx1-ubyte": labels }, async (folder) => {
    assert.deepEqual((await loadMnist(folder, "test")).picture, { rows: 2, columns: 4 });
  });
});

Deno.test("loadMnist() reads a user's folder with each form of the names", async () => {
  const labels = idxBytes([3], [9, 0, 4]);
  const forms: Record<string, Uint8Array>[] = [
    { "t10k-images-idx3-ubyte": images(3), "t10k-labels-idx1-ubyte": labels },
    { "t10k-images.idx3-ubyte": images(3), "t10k-labels.idx1-ubyte": labels },
    {
      "t10k-images-idx3-ubyte.gz": await gzipped(images(3)),
      "t10k-labels-idx1-ubyte.gz": await gzipped(labels),
    },
    { "t10k-images.idx3-ubyte.gz": await gzipped(images(3)), "t10k-labels-idx1-ubyte": labels },
  ];
  for (const files of forms) {
    await withFiles(files, async (folder) => {
      const samples = await loadMnist(folder, "test");
      assert.equal(samples.name, `${folder} test`);
      assert.equal(samples.count, 3);
      assert.equal(samples.features.length, 3 * PIXELS);
      assert.deepEqual([0, 1, 2].map((i) => samples.features[i * PIXELS + 783]), [0, 1, 2]);
      assert.deepEqual([...samples.labels], [9, 0, 4]);
    });
  }
});

Deno.test("loadMnist() looks for files, also in folders of their names", async () => {
  const pixels = images(3), labels = idxBytes([3], [9, 0, 4]);
  const [image, label] = ["t10k-images-idx3-ubyte", "t10k-labels-idx1-ubyte"];
  const [dottedImage, dottedLabel] = ["t10k-images.idx3-ubyte", "t10k-labels.idx1-ubyte"];
  const layouts: Record<string, Uint8Array>[] = [
    // A common archive of MNIST unpacks to the same files twice.
    {
      [`${image}/${image}`]: pixels,
      [`${label}/${label}`]: labels,
      [dottedImage]: pixels,
      [dottedLabel]: labels,
    },
    { [`${image}/${dottedImage}`]: pixels, [`${label}/${label}.gz`]: await gzipped(labels) },
    { [`${image}/readme`]: new Uint8Array(1), [dottedImage]: pixels, [label]: labels },
  ];
  for (const files of layouts) {
    await withFiles(files, async (folder) => {
      const samples = await loadMnist(folder, "test");
      assert.deepEqual([samples.count, ...samples.labels], [3, 9, 0, 4]);
    });
  }
  await withFiles({ [`${image}/readme`]: new Uint8Array(1), [label]: labels }, async (folder) => {
    await assert.rejects(loadMnist(folder, "test"), {
      name: "InputError",
      message: /t10k-images-idx3-ubyte: this is a folder; expected a file/,
    });
  });
});

Deno.test("loadMnist() throws if a file is missing, and lists the expected names", async () => {
  await withFiles({ "train-images-idx3-ubyte": images(1) }, async (folder) => {
    await assert.rejects(loadMnist(folder, "train"), {
      name: "InputError",
      message:
        /: it has no train-labels-idx1-ubyte; expected one of .*, train-labels\.idx1-ubyte\.gz: name the folder/,
    });
    await assert.rejects(loadMnist(join(folder, "none"), "train"), {
      name: "InputError",
      message: /none: no such file or folder; check the path$/,
    });
    await assert.rejects(loadMnist(join(folder, "train-images-idx3-ubyte"), "train"), { name: "InputError" });
  });
});

Deno.test("loadMnist() reads images of any size and labels of any class", async () => {
  const pixels = Uint8Array.from({ length: 2 * 5 * 3 }, (_, i) => i);
  const files = {
    "train-images-idx3-ubyte": idxBytes([2, 5, 3], pixels),
    "train-labels-idx1-ubyte": idxBytes([2], [0, 255]),
  };
  await withFiles(files, async (folder) => {
    const { count, size, picture, features, labels } = await loadMnist(folder, "train");
    assert.deepEqual([count, size, picture], [2, 15, { rows: 5, columns: 3 }]);
    assert.deepEqual([...features], [...pixels]);
    assert.deepEqual([...labels], [0, 255]);
  });
});

Deno.test("loadMnist() throws on images without rows and columns", async () => {
  const labels = idxBytes([2], [1, 2]);
  const expected =
    "expected a number of images × rows × columns, or × channels × rows × columns: give files of MNIST's form$";
  await rejectsTrain(
    idxBytes([2, PIXELS], new Uint8Array(1568)),
    labels,
    RegExp(`shape is 2 × 784, ${expected}`),
  );
  await rejectsTrain(idxBytes([2, 0, 3], []), labels, RegExp(`shape is 2 × 0 × 3, ${expected}`));
  await rejectsTrain(labels, labels, RegExp(`shape is 2, ${expected}`));
});

Deno.test("loadMnist() throws on an empty data set", async () => {
  await rejectsTrain(
    images(0),
    idxBytes([0], []),
    /images-idx3-ubyte: it holds no images, expected one or more/,
  );
});

Deno.test("loadMnist() throws if images and labels differ in number, with both counts", async () => {
  await rejectsTrain(
    images(2),
    idxBytes([3], [1, 2, 3]),
    /: 3 labels, but .*train-images-idx3-ubyte has 2 images/,
  );
});

Deno.test("loadMnist() throws on labels with more than one dimension", async () => {
  await rejectsTrain(
    images(2),
    idxBytes([2, 1], [1, 2]),
    /shape is 2 × 1, expected one dimension, a label an image/,
  );
});

Deno.test("loadMnist() passes on the error of a damaged file", async () => {
  await rejectsTrain(
    images(2).subarray(0, 900),
    idxBytes([2], [1, 2]),
    /900 bytes, but its header promises 1,584/,
  );
});

Deno.test("verifyMnist() accepts the package's files", async () => {
  await verifyMnist();
});

Deno.test("verifyMnist() throws on another file, with both digests, and on a missing one", async () => {
  await inTemporaryFolder(async (folder) => {
    const missing = { name: "InputError", message: /train-images-idx3-ubyte: no such file or folder/ };
    await assert.rejects(verifyMnist(folder), missing);
    await Deno.writeFile(join(folder, "train-images-idx3-ubyte"), new Uint8Array(0));
    await assert.rejects(verifyMnist(folder), {
      name: "InputError",
      // The MD5 of nothing (RFC 1321).
      message:
        /its MD5 is d41d8cd98f00b204e9800998ecf8427e, expected 6bbc9ace898e44ae57da46a324031adb: this is not/,
    });
  });
});

Deno.test({
  name: "mnistDirectory() names the flag where Deno may not read",
  permissions: { read: false },
  fn: () => {
    assert.throws(() => mnistDirectory(), {
      name: "InputError",
      message: /Deno may not read it; .*--allow-read=/,
    });
  },
});

Deno.test("mnistDirectory() says how to fetch MNIST if there is neither data/mnist nor the package", async () => {
  await inTemporaryFolder(async (folder) => {
    assert.equal(
      await directoryIn(folder),
      "MissingDataError data/mnist: MNIST's four files are not there: fetch them with " +
        '`fetchDataset(DATASETS.mnist, { folder: "data/mnist" })`, or name their folder: `loadMnist(folder, …)`',
    );
  });
});

Deno.test("mnistDirectory() takes data/mnist if it has all four files, with any form of their names", async () => {
  await inTemporaryFolder(async (folder) => {
    const files = [
      "train-images-idx3-ubyte",
      "train-labels.idx1-ubyte",
      "t10k-images-idx3-ubyte.gz",
      "t10k-labels.idx1-ubyte.gz",
    ];
    await Deno.mkdir(join(folder, "data/mnist"), { recursive: true });
    for (const file of files) {
      assert.match(await directoryIn(folder), /^MissingDataError /);
      await Deno.writeFile(join(folder, "data/mnist", file), new Uint8Array(0));
    }
    assert.equal(await directoryIn(folder), "data/mnist");
  });
});

/** The result or the error of `mnistDirectory` in a folder without packages, as in a compiled program. */
async function directoryIn(folder: string): Promise<string> {
  await Deno.writeTextFile(join(folder, "deno.json"), "{}");
  const module = new URL("../../src/data/mnist.ts", import.meta.url);
  const program = `import { mnistDirectory } from ${JSON.stringify(module)};
    try { console.log(mnistDirectory()); } catch (error) { console.log(error.name, error.message); }`;
  await Deno.writeTextFile(join(folder, "program.ts"), program);
  const { stdout } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "--no-check", "--allow-read", "--config=deno.json", "program.ts"],
    cwd: folder,
  }).output();
  return new TextDecoder().decode(stdout).trimEnd();
}

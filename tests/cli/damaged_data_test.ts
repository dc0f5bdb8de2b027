import assert from "node:assert/strict";
import { join } from "node:path";
import { gzipped } from "../data/idx_files.ts";
import { inTemporaryFolder } from "../temporary_folder.ts";
import { FILES, imageBytes, labelBytes, writeSmallData } from "./small_data.ts";
import { assertOneLine, spikelet, spikeletJson } from "./spikelet.ts";

/** A damaged file of a data set. */
interface Damage {
  readonly name: string;
  readonly file: string;
  /** The new content; undefined removes the file. */
  readonly content?: Uint8Array<ArrayBuffer>;
  readonly message: RegExp;
}

const gzip = await gzipped(imageBytes(60));

const DAMAGES: readonly Damage[] = [
  {
    name: "images cut short",
    file: FILES.trainImages,
    content: imageBytes(60).slice(0, 1024),
    message: /: 1,024 bytes, but its header promises 47,056: the file is cut short; fetch it again$/m,
  },
  {
    name: "an empty file",
    file: FILES.trainImages,
    content: new Uint8Array(0),
    message: /: empty; expected an IDX file; fetch it again$/m,
  },
  {
    name: "a wrong magic number",
    file: FILES.trainLabels,
    content: Uint8Array.from(new TextEncoder().encode("<!DOCTYPE html>")),
    message: /: starts with 3c 21, expected 00 00: this is not an IDX file; check the path$/m,
  },
  {
    name: "more images than labels",
    file: FILES.trainLabels,
    content: labelBytes(59),
    message: /: 59 labels, but .* has 60 images: expected as many/m,
  },
  {
    name: "images of another size than the test set's",
    file: FILES.trainImages,
    content: imageBytes(60, 14, 28),
    message:
      /^data train has 392 numbers a sample, but data test has 784 numbers a sample: expected as many: /m,
  },
  {
    name: "a missing file",
    file: FILES.trainImages,
    message: /: it has no train-images-idx3-ubyte; expected one of .*\.gz: name the folder/m,
  },
  {
    name: "a test set that is damaged",
    file: FILES.testImages,
    content: imageBytes(20).slice(0, -1),
    message: /t10k-images-idx3-ubyte: .* the file is cut short; fetch it again$/m,
  },
];

const ZIPPED: readonly Damage[] = [
  {
    name: "a .gz that is no gzip",
    file: FILES.trainImages,
    content: imageBytes(60),
    message: /\.gz: starts with 00 00, expected 1f 8b: this is not gzip; /m,
  },
  {
    name: "a .gz that is cut short",
    file: FILES.trainImages,
    content: gzip.slice(0, gzip.length / 2),
    message: /\.gz: its gzip data are cut short; fetch it again$/m,
  },
];

const QUICK = ["--data", "data", "--steps", "2", "--hidden", "3", "--threads", "1"];

Deno.test("train exits 1 on damaged data with one line that names the file, and writes nothing", async (t) => {
  for (const [damages, suffix] of [[DAMAGES, ""], [ZIPPED, ".gz"]] as const) {
    for (const { name, file, content, message } of damages) {
      await t.step(name, () =>
        inTemporaryFolder(async (folder) => {
          const data = join(folder, "data");
          await writeSmallData(data);
          await Deno.remove(join(data, file));
          if (content) await Deno.writeFile(join(data, file + suffix), content);
          const outcome = await spikelet(folder, ["train", ...QUICK]);
          assertOneLine(outcome, 1, message);
          assert.match(outcome.stderr, /^data/);
          const names = (await Array.fromAsync(Deno.readDir(folder))).map((entry) => entry.name);
          assert.deepEqual(names, ["data"]);
        }));
    }
  }
});

Deno.test("train exits 1 on a missing data folder with one line", async () => {
  await inTemporaryFolder(async (folder) => {
    for (const command of [["train"], ["compare", "--seeds", "1"]]) {
      assertOneLine(
        await spikelet(folder, [...command, ...QUICK]),
        1,
        /^data: no such file or folder; check the path$/m,
      );
    }
  });
});

Deno.test("train gives the same weights for data in .gz files and with names with a dot", async () => {
  await inTemporaryFolder(async (folder) => {
    const data = join(folder, "data");
    await writeSmallData(data);
    const plain = await spikeletJson(folder, ["train", ...QUICK, "--name", "plain"]);
    for (const file of Object.values(FILES)) {
      const bytes = await gzipped(await Deno.readFile(join(data, file)));
      await Deno.remove(join(data, file));
      await Deno.writeFile(join(data, `${file.replace("-idx", ".idx")}.gz`), bytes);
    }
    const zipped = await spikeletJson(folder, ["train", ...QUICK, "--name", "zipped"]);
    assert.deepEqual([zipped.weightsSha256, zipped.test], [plain.weightsSha256, plain.test]);
  });
});

Deno.test("train names a damaged label's file, place and the missing classes; in MNIST it is an error", async () => {
  await inTemporaryFolder(async (folder) => {
    const damaged = labelBytes(60);
    damaged[8 + 17] = 255;
    for (const data of ["data/mine", "data/mnist"]) {
      await writeSmallData(join(folder, data));
      await Deno.writeFile(join(folder, data, FILES.trainLabels), damaged);
    }
    const args = ["train", "--steps", "2", "--hidden", "3", "--threads", "1", "--engine", "wasm"];
    const unknown = await spikelet(folder, [...args, "--data", "data/mine", "--name", "mine"]);
    assert.equal(unknown.code, 0, unknown.stderr);
    const notice =
      /data.mine.train-labels-idx1-ubyte: label 255 at 17, but no sample of any part has labels 10–254: is it damaged\?/;
    assert.match(unknown.stderr, notice);
    assert.match(await Deno.readTextFile(join(folder, "runs", "mine", "run.json")), notice);
    for (const data of [[], ["--data", "data/mnist"]]) {
      assertOneLine(
        await spikelet(folder, [...args, ...data]),
        1,
        /train-labels-idx1-ubyte: label 255 at 17: MNIST has 10 classes, 0 to 9: the file is damaged, or another/,
      );
    }
  });
});

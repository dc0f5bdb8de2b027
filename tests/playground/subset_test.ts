import assert from "node:assert/strict";
import { gzipSync } from "fflate";
import { encodeIdx } from "../../src/data/idx_file.ts";
import { InputError } from "../../src/errors.ts";
import { type NamedBlob, readDigits } from "../../playground/logic/subset.ts";

const bytes = (count: number) => Uint8Array.from({ length: count }, (_, i) => i % 251);
const blob = (name: string, data: Uint8Array<ArrayBuffer>): NamedBlob => ({ name, blob: new Blob([data]) });

/** Four files, two of them packed. */
function files(): NamedBlob[] {
  return [
    blob("train-images.idx3-ubyte", encodeIdx([7, 5, 5], bytes(175))),
    blob("train-labels-idx1-ubyte.gz", gzipSync(encodeIdx([7], bytes(7))) as Uint8Array<ArrayBuffer>),
    blob("t10k-images-idx3-ubyte.gz", gzipSync(encodeIdx([3, 5, 5], bytes(75))) as Uint8Array<ArrayBuffer>),
    blob("T10K-labels-idx1-ubyte", encodeIdx([3], bytes(3))),
  ];
}

Deno.test("readDigits() reads four files, packed or not, in any order", async () => {
  const { train, test } = await readDigits("mine", files().reverse());
  assert.deepEqual([train.name, train.count, train.size, train.picture], ["mine train", 7, 25, {
    rows: 5,
    columns: 5,
  }]);
  assert.deepEqual(train.features, Uint8Array.from(bytes(175)));
  assert.deepEqual([test.count, [...test.labels]], [3, [0, 1, 2]]);
});

Deno.test("readDigits() refuses files with one line", async () => {
  const [images, trainLabels, testImages, labels] = files();
  const small = blob("t10k-images-idx3-ubyte", encodeIdx([3, 4, 4], bytes(48)));
  const cut = blob("t10k-images-idx3-ubyte.gz", gzipSync(encodeIdx([3, 5, 5], bytes(75))).slice(0, 60));
  const cases: [NamedBlob[], RegExp][] = [
    [[images!], /^train-labels is missing among 1 file: /],
    [[images!, trainLabels!, testImages!], /^t10k-labels is missing among 3 files: /],
    [[...files(), images!], /^train-images\.idx3-ubyte: there are two files of train-images/],
    [[blob("cat.png", bytes(9))], /^cat\.png: expected a name such as /],
    [[images!, trainLabels!, small, labels!], /^the training images have 25 pixels, the test images 16/],
    [
      [images!, trainLabels!, cut, labels!],
      /^t10k-images-idx3-ubyte\.gz: its gzip data are cut short/,
    ],
    [
      [images!, blob("train-labels", encodeIdx([6], bytes(6))), testImages!, labels!],
      /6 labels, but .* 7 images/,
    ],
  ];
  for (const [given, message] of cases) {
    await assert.rejects(readDigits("mine", given), (error) => {
      assert.ok(error instanceof InputError);
      assert.match(error.message, message);
      assert.doesNotMatch(error.message, /\n/);
      return true;
    });
  }
});

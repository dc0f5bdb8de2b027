import assert from "node:assert/strict";
import { join } from "node:path";
import fc from "fast-check";
import { cutJsonLines, openJsonLines } from "../../src/files/json_lines.ts";
import { inTemporaryFolder } from "../temporary_folder.ts";

const place = (value: unknown) =>
  typeof value === "object" && value !== null ? Number(Reflect.get(value, "n")) : undefined;
const line = (n: number) => JSON.stringify({ n, text: "θ".repeat(n % 4) }) + "\n";
const lines = (from: number, to: number) =>
  Array.from({ length: to - from + 1 }, (_, i) => line(from + i)).join("");

Deno.test("openJsonLines() appends to a file", async () => {
  await inTemporaryFolder(async (folder) => {
    const path = join(folder, "lines");
    for (const n of [1, 2]) {
      const file = await openJsonLines(path, folder);
      file.append({ n });
      await file.sync();
      file.close();
    }
    assert.equal(await Deno.readTextFile(path), '{"n":1}\n{"n":2}\n');
  });
});

Deno.test("cutJsonLines() keeps each line up to the last once, for a file cut at any byte", async () => {
  await inTemporaryFolder(async (folder) => {
    const path = join(folder, "lines");
    await fc.assert(
      fc.asyncProperty(fc.nat(12), fc.nat(12), fc.nat(40), async (written, last, lost) => {
        const whole = new TextEncoder().encode(lines(1, written));
        const bytes = whole.slice(0, Math.max(0, whole.length - lost));
        await Deno.writeFile(path, bytes);
        const there = new TextDecoder().decode(bytes).split("\n").length - 1;
        const kept = Math.min(there, last);
        assert.deepEqual(await cutJsonLines(path, folder, place, last), { kept, damaged: 0 });
        assert.equal(await Deno.readTextFile(path), lines(1, kept));
        assert.deepEqual(await cutJsonLines(path, folder, place, last), { kept, damaged: 0 });
      }),
      { numRuns: 60 },
    );
  });
});

Deno.test("cutJsonLines() removes foreign and damaged lines and keeps the others", async () => {
  await inTemporaryFolder(async (folder) => {
    const path = join(folder, "lines");
    for (
      const [text, kept, damaged] of [
        [lines(1, 3) + "rubbish\n" + lines(4, 9), lines(1, 6), 1],
        [lines(1, 3) + lines(2, 9), lines(1, 6), 2],
        ["\n" + lines(1, 6), lines(1, 6), 1],
        [lines(1, 2) + "null\n" + lines(4, 5), lines(1, 2) + lines(4, 5), 1],
        [lines(7, 9) + lines(1, 2), lines(1, 2), 0],
      ] as const
    ) {
      await Deno.writeTextFile(path, text);
      const count = kept.split("\n").length - 1;
      assert.deepEqual(await cutJsonLines(path, folder, place, 6), { kept: count, damaged });
      assert.equal(await Deno.readTextFile(path), kept);
    }
  });
});

Deno.test("cutJsonLines() keeps nothing if there is no file", async () => {
  await inTemporaryFolder(async (folder) => {
    assert.deepEqual(await cutJsonLines(join(folder, "none"), folder, place, 6), { kept: 0, damaged: 0 });
  });
});

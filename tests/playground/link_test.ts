import assert from "node:assert/strict";
import fc from "fast-check";
import { InputError } from "../../src/errors.ts";
import { readLink, writeLink } from "../../playground/logic/link.ts";
import { digit } from "../serve/served_model.ts";

Deno.test("readLink() gives back what writeLink() wrote", async () => {
  const picture = fc.integer({ min: 1, max: 64 }).chain((side) =>
    fc.uint8Array({ minLength: side * side, maxLength: side * side })
  );
  await fc.assert(
    fc.asyncProperty(
      picture,
      fc.array(fc.double({ noNaN: true, noDefaultInfinity: true }), { minLength: 1 }),
      async (pixels, constants) => {
        const state = {
          pixels,
          preset: "wide",
          hidden: 30,
          seed: 7,
          constants: constants.map((value) => value + 0),
        } as const;
        const link = await writeLink(state);
        assert.match(link, /^[\w.=&+-]*$/);
        assert.deepEqual(await readLink(link), state);
      },
    ),
    { numRuns: 30 },
  );
  assert.deepEqual(await readLink(await writeLink({})), {});
});

Deno.test("writeLink() keeps a digit short, and leaves out what needs a network", async () => {
  const link = await writeLink({ pixels: digit(3), hidden: 30, seed: 7 });
  assert.ok(link.length < 2000, `${link.length} characters`);
  assert.deepEqual(Object.keys(await readLink(link)), ["pixels"]);
});

Deno.test("readLink() refuses damaged links in one line", async () => {
  const bomb = await writeLink({ pixels: new Uint8Array(64 * 64) });
  const many = btoa(String.fromCharCode(
    ...new Uint8Array(
      await new Response(
        new Blob([new Uint8Array(1e6)]).stream().pipeThrough(new CompressionStream("deflate-raw")),
      ).arrayBuffer(),
    ),
  )).replaceAll("+", "-").replaceAll("/", "_");
  assert.equal((await readLink(bomb)).pixels?.length, 64 * 64);
  for (
    const link of [
      "draw=!",
      "draw=AAAA",
      `draw=${many}`,
      "network=none",
      "network=wide&hidden=-1",
      "constants=a",
      "constants=",
    ]
  ) {
    await assert.rejects(
      readLink(link),
      (error) => error instanceof InputError && /^this link is damaged: its /.test(error.message),
    );
  }
});

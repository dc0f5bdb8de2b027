import assert from "node:assert/strict";
import { deflateSync } from "node:zlib";
import { chunk, forgedFile, greyFile } from "../data/png_files.ts";
import { tinyParts } from "./hostile.ts";
import { appOf, ask, assertError, BYTES, digit, joined, JSON_TYPE, PNG } from "./served_model.ts";

const BRACES =
  /^the body has more than 10,000 opening braces, and a sample has one: send more samples in several requests$/;
const app = appOf();
const pixels = [...digit(0)];
const big = deflateSync(new Uint8Array(2 ** 25), { level: 9 });
const json = (value: unknown) => JSON.stringify(value);
const bytesOf = (text: string) => new TextEncoder().encode(text);

/** A form with a file or a text. */
function form(file: Uint8Array<ArrayBuffer> | string, type: string): FormData {
  const data = new FormData();
  data.append("file", typeof file === "string" ? file : new Blob([file], { type }));
  return data;
}

/** Refused requests. */
const REFUSED:
  readonly (readonly [what: string, BodyInit | null, string | undefined, number, RegExp, string?])[] = [
    ["nothing at all", null, undefined, 415, /^no content-type: expected image\/png, /],
    [
      "curl's own type",
      digit(0),
      "application/x-www-form-urlencoded",
      415,
      /^content-type application\/x-www-form-ur/,
    ],
    ["a type on two lines", digit(0), "a/b\tc", 415, /^content-type "a\/b\\tc": expected/],
    ["no bytes", new Uint8Array(0), BYTES, 400, /^the body: 0 bytes: expected 784 a sample/],
    ["a byte too few", digit(0).slice(1), BYTES, 400, /^the body: 783 bytes: expected 784 a sample/],
    ["a byte too many", joined(digit(0), Uint8Array.of(1)), BYTES, 400, /^the body: 785 bytes/],
    ["no PNG", digit(0), PNG, 400, /^the picture: 784 bytes that are no PNG/],
    ["no bytes of a PNG", new Uint8Array(0), PNG, 400, /^the picture: 0 bytes that are no PNG/],
    [
      "a PNG that is cut",
      greyFile(28, 28, pixels).slice(0, 99),
      PNG,
      400,
      /^the picture: a PNG that is cut short/,
    ],
    [
      "a PNG of a billion pixels",
      forgedFile({ width: 65535, height: 65535, depth: 8, colour: 0 }, new Uint8Array(9)),
      PNG,
      400,
      /^the picture: 65,535 × 65,535 pixels: expected at most/,
    ],
    [
      "a PNG that inflates to too much",
      forgedFile({ width: 28, height: 28, depth: 8, colour: 0 }, big),
      PNG,
      400,
      /inflate to more than/,
    ],
    ["no JSON", "{", JSON_TYPE, 400, /^the body is no JSON: expected \{ "pixels"/],
    ["JSON that is no UTF-8", Uint8Array.of(0x22, 0xff, 0x22), JSON_TYPE, 400, /^the body is no JSON/],
    ["a deep nest", "[".repeat(100_000), JSON_TYPE, 400, /^the body is no JSON/],
    [
      "a closed deep nest",
      "[".repeat(9000) + "]".repeat(9000),
      JSON_TYPE,
      400,
      /^sample 0 is not of the form/,
    ],
    ["null", "null", JSON_TYPE, 400, /^the sample is not of the form/],
    ["an empty list", "[]", JSON_TYPE, 400, /^no samples/],
    ["a number", "7", JSON_TYPE, 400, /^the sample is not of the form/],
    ["another key", json({ image: pixels }), JSON_TYPE, 400, /^the sample is not of the form/],
    ["two keys", json({ pixels, values: pixels }), JSON_TYPE, 400, /^the sample is not of the form/],
    ["__proto__", `{"__proto__": {"pixels": [1]}}`, JSON_TYPE, 400, /^the sample is not of the form/],
    [
      "too few pixels",
      json({ pixels: [1, 2] }),
      JSON_TYPE,
      400,
      /^the sample: pixels: 2 numbers: expected 784 numbers$/,
    ],
    [
      "pixels as text",
      json({ pixels: "7" }),
      JSON_TYPE,
      400,
      /^the sample: pixels: no list: expected 784 numbers$/,
    ],
    [
      "a pixel of 256",
      json({ pixels: pixels.with(783, 256) }),
      JSON_TYPE,
      400,
      /^the sample: pixels: number 783 is 256: expected a whole number, 0 to 255$/,
    ],
    [
      "half a pixel",
      json({ pixels: pixels.with(0, 0.5) }),
      JSON_TYPE,
      400,
      /^the sample: pixels: number 0 is 0.5/,
    ],
    [
      "an infinite value",
      json(Array(2).fill({ values: pixels.map((byte) => byte / 256) })).replace(/,0]}]$/, ",1e39]}]"),
      JSON_TYPE,
      400,
      /^sample 1: values: number 783 is 1e\+39: expected a number, -1e9 to 1e9$/,
    ],
    [
      "two kinds",
      json([{ pixels }, { values: pixels }]),
      JSON_TYPE,
      400,
      /^sample 1 has values, the first one pixels/,
    ],
    [
      "values of which sums overflow",
      json({ values: pixels.map(() => 3.4e38) }),
      JSON_TYPE,
      400,
      /^the sample: values: number 0 is 3.4e\+38: expected a number, -1e9 to 1e9$/,
    ],
    [
      "a value beyond float64",
      json({ values: pixels }).replace("[0", "[1e999"),
      JSON_TYPE,
      400,
      /^the sample: values: number 0 is Infinity: expected a number/,
    ],
    [
      "a value that is null",
      json({ values: [null, ...pixels.slice(1)] }),
      JSON_TYPE,
      400,
      /number 0 is null: /,
    ],
    ["a value as text", json({ values: ["1", ...pixels.slice(1)] }), JSON_TYPE, 400, /number 0 is "1": /],
    [
      "rows of unequal lengths",
      json({ values: [[1, 2], [3]] }),
      JSON_TYPE,
      400,
      /^the sample: values: list 1 has 1 number, list 0 has 2: expected as many in each$/,
    ],
    [
      "rows that are too few",
      json({ pixels: [[1, 2], [3, 4]] }),
      JSON_TYPE,
      400,
      /^the sample: pixels: 2 lists of 2: expected 28 rows of 28 columns, or 784 numbers in one list$/,
    ],
    [
      "a row that is none",
      json({ pixels: [[1], null] }),
      JSON_TYPE,
      400,
      /^the sample: pixels: numbers stand beside lists, at 1: expected/,
    ],
    ["a hundred thousand objects", `[${"{},".repeat(1e5)}{}]`, JSON_TYPE, 400, BRACES],
    ["ten thousand braces in a text", json({ pixels: "{".repeat(10_001) }), JSON_TYPE, 400, BRACES],
    ["a hundred thousand texts", `["${'","'.repeat(1e5)}"]`, JSON_TYPE, 400, /^the body has too many texts/],
    ["a form without its boundary", "abc", "multipart/form-data", 400, /^the form has no boundary/],
    [
      "a form with too long a boundary",
      "abc",
      `multipart/form-data; boundary=${"b".repeat(71)}`,
      400,
      /^the form has a boundary of 71 characters: expected 1 to 70/,
    ],
    [
      "a form of fifteen thousand parts",
      tinyParts(1_000_000),
      "multipart/form-data; boundary=b",
      400,
      /^the form has more than 256 files: send them in several requests$/,
    ],
    [
      "a form whose part has a long head",
      `--b\r\nx: ${"y".repeat(2000)}\r\n\r\n\r\n--b--`,
      "multipart/form-data; boundary=b",
      400,
      /^part 0 of the form has a head of more than 1024 bytes$/,
    ],
    [
      "a form whose part's head is no UTF-8",
      joined(bytesOf("--b\r\ncontent-disposition: "), Uint8Array.of(0xff), bytesOf("\r\n\r\n\r\n--b--")),
      "multipart/form-data; boundary=b",
      400,
      /^part 0 of the form has a head that cannot be read: expected UTF-8$/,
    ],
    [
      "a form whose part has no name",
      "--b\r\nx: y\r\n\r\nseven\r\n--b--",
      "multipart/form-data; boundary=b",
      400,
      /^part 0 of the form: expected files alone/,
    ],
    ["a form that is cut", "--x\r\ncontent-disp", "multipart/form-data; boundary=x", 400, /^the form /],
    ["text in a form", form("seven", ""), undefined, 400, /^field file of the form: expected files alone/],
    [
      "a JPEG in a form",
      form(digit(0), "image/jpeg"),
      undefined,
      415,
      /^file file is image\/jpeg: expected image\/png/,
    ],
    ["a damaged PNG in a form", form(digit(0), PNG), undefined, 400, /^file file: 784 bytes that are no PNG/],
    ["another parameter", digit(0), BYTES, 400, /^parameter "seeds": expected seed or ink/, "?seeds=1"],
    ["a seed below 0", digit(0), BYTES, 400, /^seed "-1": expected a whole number/, "?seed=-1"],
    ["a seed above 2^53", digit(0), BYTES, 400, /^seed "9007199254740992"/, "?seed=9007199254740992"],
    ["another ink", digit(0), BYTES, 400, /^ink "blue": expected auto, light, dark/, "?ink=blue"],
    ["too long a body", new Uint8Array(2_000_000), BYTES, 413, /^the body is longer than 1,048,576 bytes/],
  ];

for (const [what, body, type, status, message, query] of REFUSED) {
  Deno.test(`POST /classify refuses ${what} with one line`, async () => {
    const answer = await ask(app, body, type, query);
    assert.equal(answer.status, status, JSON.stringify(answer.value));
    assertError(answer.value, message);
  });
}

Deno.test("POST /classify limits the pixels of all pictures of a form together", async () => {
  const data = new FormData();
  const flat = deflateSync(new Uint8Array(800 * 801), { level: 9 });
  for (const name of ["a", "b"]) {
    const file = forgedFile({ width: 800, height: 800, depth: 8, colour: 0 }, flat, [
      chunk("tEXt", new Uint8Array(2)),
    ]);
    data.append(name, new Blob([file], { type: PNG }));
  }
  const { status, value } = await ask(app, data);
  assert.equal(status, 400);
  assertError(value, /^file b: 800 × 800 pixels: expected at most 408,576 in all/);
});

Deno.test("an app refuses other paths and methods with the expected ones", async () => {
  const nowhere = await app.request("/clasify", { method: "POST" });
  assert.equal(nowhere.status, 404);
  assertError(
    await nowhere.json(),
    /^no such path: expected \/, \/health, \/model, \/model\.safetensors, \/classify$/,
  );
  for (
    const [path, method, allow] of [["/classify", "GET", "POST"], ["/model", "DELETE", "GET, HEAD"]] as const
  ) {
    const response = await app.request(path, { method });
    assert.deepEqual([response.status, response.headers.get("allow")], [405, allow]);
    assertError(await response.json(), new RegExp(`^${path} does not take ${method}: expected ${allow}$`));
  }
  const packed = await app.request("/classify", {
    method: "POST",
    body: Uint8Array.from(deflateSync(digit(0))),
    headers: { "content-type": BYTES, "content-encoding": "gzip" },
  });
  assert.equal(packed.status, 415);
  assertError(await packed.json(), /^content-encoding gzip: expected none/);
});

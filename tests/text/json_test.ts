import assert from "node:assert/strict";
import fc from "fast-check";
import { InputError } from "../../src/errors.ts";
import { findFault, parseJson } from "../../src/text/json.ts";
import { mutationsOf } from "../mutations.ts";

Deno.test("parseJson() takes a byte-order mark, and any JSON", () => {
  assert.deepEqual(parseJson('\uFEFF{ "a": 1 }\r\n', "f", ""), { a: 1 });
  fc.assert(fc.property(fc.json(), (text) => assert.deepEqual(parseJson(text, "f", ""), JSON.parse(text))));
});

Deno.test("parseJson() names the line and the column of the first fault", () => {
  const cases: [text: string, place: string, found: string, expected: string][] = [
    ["", "1, column 1", "the text ends", "a value"],
    ["{", "1, column 2", "the text ends", 'a name in double quotes, or "}"'],
    ['{\n  "a": 1,\n}', "3, column 1", 'there is "}"', "a name in double quotes"],
    ['{"a":\r\n\r\n}', "3, column 1", 'there is "}"', "a value"],
    ['{"a" 1}', "1, column 6", 'there is "1"', '":"'],
    ['{"a": 1\n "b": 2}', "2, column 2", 'there is "\\""', '"," or "}"'],
    ["[1 2]", "1, column 4", 'there is "2"', '"," or "]"'],
    ["[1, ]", "1, column 5", 'there is "]"', "a value"],
    ["[1}", "1, column 3", 'there is "}"', '"," or "]"'],
    ['{"a": 1} x', "1, column 10", 'there is "x"', "nothing more"],
    ["{a: 1}", "1, column 2", 'there is "a"', 'a name in double quotes, or "}"'],
    ["{'a': 1}", "1, column 2", `there is "'"`, 'a name in double quotes, or "}"'],
    ['{"a": 01}', "1, column 7", 'there is "01"', "a value"],
    ['{"a": .5}', "1, column 7", 'there is ".5"', "a value"],
    ['{"a": NaN}', "1, column 7", 'there is "NaN"', "a value"],
    ['{"a": "x', "1, column 9", "the text ends", "the string's closing quote"],
    ['{"a": "\n"}', "1, column 8", 'there is "\\n"', "the string's closing quote, or an escape such as \\n"],
    ['{"a": "\\q"}', "1, column 8", 'there is "\\\\"', 'an escape such as \\n, \\" or \\u00e9'],
    ["\0\x01", "1, column 1", 'there is "\\u0000"', "a value"],
    ["// x\n{}", "1, column 1", 'there is "/"', "a value"],
  ];
  for (const [text, place, found, expected] of cases) {
    assert.throws(() => parseJson(text, "net.json", "mend it"), {
      name: "InputError",
      message: `net.json: not JSON: line ${place}: ${found}, expected ${expected}: mend it`,
    });
  }
});

Deno.test("findFault() finds a fault in every text that JSON.parse refuses, and ends", () => {
  const text = JSON.stringify({ a: [1, -2.5e3, true, null, 'x\u00e9\n"', {}], "b c": { d: [[]] } }, null, 1);
  const bytes = new TextEncoder().encode(text);
  fc.assert(
    fc.property(
      fc.oneof(mutationsOf(bytes).map((each) => new TextDecoder().decode(each)), fc.string()),
      (text) => {
        let isJson = true;
        try {
          JSON.parse(text.replace(/^\uFEFF/, ""));
        } catch {
          isJson = false;
        }
        if (isJson) return;
        const { line, column } = findFault(text.replace(/^\uFEFF/, ""));
        assert.ok(line >= 1 && column >= 1);
        assert.throws(() => parseJson(text, "f", "mend it"), (error) => {
          assert.ok(error instanceof InputError && !/\p{C}/u.test(error.message), String(error));
          return true;
        });
      },
    ),
    { numRuns: 2000, seed: 5 },
  );
  // Neither levels of nesting nor a string's characters recurse.
  assert.equal(findFault("[".repeat(200_000)).column, 200_001);
  assert.equal(findFault(`"${"\\n".repeat(500_000)}`).column, 1_000_002);
});

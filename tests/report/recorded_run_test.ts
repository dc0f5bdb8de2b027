import assert from "node:assert/strict";
import { InputError } from "../../src/errors.ts";
import { parseLines } from "../../src/report/recorded_run.ts";
import { commandOf, flatten, optionsOf, quoted } from "../../src/report/run_facts.ts";
import { INVOCATION } from "../../src/text/invocation.ts";
import { parseMetadata } from "../../src/runs/run_metadata.ts";
import { batchMetrics } from "../../src/training/batch_metrics.ts";

const LINE =
  '{"epoch":1,"batch":1,"samples":5,"loss":2.5,"accuracy":0.2,"firingRate":0.01,"seconds":1,"new":[1]}';

Deno.test("parseLines() reads what is whole, and leaves out a line that was cut at the end", () => {
  const [first, ...others] = parseLines(`${LINE}\n${LINE.slice(0, 20)}`, "metrics.jsonl", batchMetrics);
  assert.deepEqual([first?.loss, first?.samples, others.length], [2.5, 5, 0]);
  assert.deepEqual(parseLines("", "metrics.jsonl", batchMetrics), []);
});

Deno.test("parseLines() names a damaged line", () => {
  for (
    const [text, message] of [
      [`${LINE}\n{"epo\n${LINE}\n`, /^m: not JSON: line 2, column 6: .*damaged/],
      [`${LINE}\n{"epoch":1}\n`, /^m: line 2: batch: /],
      [`${LINE.replace("2.5", '"much"')}\n`, /^m: line 1: loss: /],
    ] as const
  ) {
    assert.throws(
      () => parseLines(text, "m", batchMetrics),
      (error) => error instanceof InputError && message.test(error.message),
    );
  }
});

Deno.test("parseMetadata() takes metadata of other versions and refuses other JSON", () => {
  const metadata = parseMetadata(
    '{"state":"interrupted","options":{"epochs":3,"later":{"a":[1]}},"x":1}',
    "run.json",
  );
  assert.deepEqual([metadata.state, optionsOf(metadata)], ["interrupted", [["epochs", "3"], [
    "later.a",
    "[1]",
  ]]]);
  for (const text of ["", "[]", "{}", '{"state":1,"options":{}}', '{"state":"finished"}']) {
    assert.throws(
      () => parseMetadata(text, "run.json"),
      (error) => error instanceof InputError && error.message.startsWith("run.json: "),
    );
  }
});

Deno.test("commandOf() gives the command, quoted for a shell", () => {
  const metadata = (command: unknown) =>
    parseMetadata(JSON.stringify({ state: "finished", command, options: {} }), "r");
  assert.equal(
    commandOf(metadata(["train", "--limit", "5", "--data", "my data"])),
    `${INVOCATION} train --limit 5 --data 'my data'`,
  );
  assert.equal(commandOf(metadata(undefined)), undefined);
  assert.equal(quoted("it's"), "'it'\\''s'");
});

Deno.test("flatten() gives every value its path", () => {
  assert.deepEqual(
    flatten({ a: 1, b: { c: "x", d: { e: false } }, f: null, g: undefined, h: [1, 2], i: [{ j: 3 }] }),
    [
      ["a", "1"],
      ["b.c", "x"],
      ["b.d.e", "false"],
      ["h", "[1,2]"],
      ["i.0.j", "3"],
    ],
  );
});

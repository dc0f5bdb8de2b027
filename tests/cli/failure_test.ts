import assert from "node:assert/strict";
import { describeFailure } from "../../src/cli/failure.ts";
import { EngineError, InputError, OptionError } from "../../src/errors.ts";

Deno.test("describeFailure() shows only the message of Spikelet's errors, with exit code 2 for options, else 1", () => {
  assert.deepEqual(describeFailure(new OptionError("--steps 0: no")), {
    message: "--steps 0: no",
    exitCode: 2,
  });
  assert.deepEqual(describeFailure(new InputError("a: cut")), { message: "a: cut", exitCode: 1 });
  assert.deepEqual(describeFailure(new EngineError("gone")), { message: "gone", exitCode: 1 });
});

Deno.test("describeFailure() shows the stack of a bug and where to report it", () => {
  const { message, exitCode } = describeFailure(new TypeError("x is undefined"));
  assert.equal(exitCode, 1);
  assert.match(
    message,
    /^TypeError: x is undefined\n +at [\s\S]*\nThis is a bug in Spikelet\. Please report it/,
  );
  assert.match(describeFailure("thrown text").message, /^thrown text\nThis is a bug/);
});

Deno.test("describeFailure() recognises a failed allocation", () => {
  const { message, exitCode } = describeFailure(new RangeError("Array buffer allocation failed"));
  assert.equal(exitCode, 1);
  assert.match(message, /^not enough memory \(Array buffer allocation failed\): choose fewer --hidden units/);
});

import assert from "node:assert/strict";
import { join } from "node:path";
import { bestVariant } from "../../src/engine/wasm/kernels.ts";
import { parseSafetensors, serializeSafetensors, type Tensor } from "../../src/network/safetensors.ts";
import { PYTORCH_CASES } from "../engine/pytorch_cases.ts";
import { inTemporaryFolder } from "../temporary_folder.ts";
import { inTurns, recordOf, referencePath, spikelet } from "./spikelet.ts";

const CASES = PYTORCH_CASES.map(referencePath);
const VARIANTS = bestVariant() === "relaxed" ? ["plain", "relaxed"] as const : ["plain"] as const;
/** Two numbers of threads: other tests compare the bits of more. */
const THREADS = { plain: ["2"], relaxed: ["1", "3"] } as const;

/** The inputs of an engine. It computes every other float tensor of a case. */
const GIVEN = new Set(["x", "r", "w1", "b1", "w2", "b2"]);

/** One file's verdict in the JSON of `verify`. */
interface Verdict {
  readonly passed: boolean;
  readonly misses: readonly string[];
  readonly problem: unknown;
}

/** Runs `verify --json`. @returns Each file's verdict. */
async function verify(
  folder: string,
  args: readonly string[],
): Promise<{ code: number; verdicts: Verdict[] }> {
  const { code, stdout, stderr } = await spikelet(folder, ["verify", ...args, "--json"]);
  assert.notEqual(stdout, "", stderr);
  const { cases } = recordOf(JSON.parse(stdout));
  assert.ok(Array.isArray(cases));
  const verdicts = cases.map(recordOf).map(({ passed, deviations, problem }): Verdict => {
    assert.ok(typeof passed === "boolean" && Array.isArray(deviations));
    const missed = deviations.map(recordOf).filter(({ ofTolerance }) =>
      ofTolerance === null || Number(ofTolerance) > 1
    );
    return { passed, misses: missed.map(({ tensor }) => String(tensor)), problem };
  });
  return { code, verdicts };
}

/** Writes a copy of `small` with one value of one tensor changed. */
async function writeBent(path: string, name: string, bend: (tensor: Tensor) => void): Promise<void> {
  const { tensors, metadata } = parseSafetensors(await Deno.readFile(referencePath("small")), "small");
  const tensor = tensors.get(name);
  assert.ok(tensor);
  bend(tensor);
  await Deno.writeFile(path, serializeSafetensors(tensors, metadata));
}

/** Changes the largest value of a tensor by a thousandth of itself. */
function bendLargest({ data }: Tensor): void {
  assert.ok(data instanceof Float32Array);
  const sizes = data.map(Math.abs);
  const largest = sizes.indexOf(Math.max(...sizes));
  data[largest] = data[largest]! * 1.001;
}

for (
  const [variant, threads] of VARIANTS.flatMap((variant) =>
    THREADS[variant].map((n) => [variant, n] as const)
  )
) {
  Deno.test(`verify passes all cases on the ${variant} build with ${threads} threads`, async () => {
    await inTemporaryFolder(async (folder) => {
      const { code, verdicts } = await verify(folder, [...CASES, "--variant", variant, "--threads", threads]);
      assert.deepEqual(verdicts, CASES.map(() => ({ passed: true, misses: [], problem: undefined })));
      assert.equal(code, 0);
    });
  });
}

Deno.test("verify fails on one changed number of any expected tensor, and names only that tensor", async () => {
  await inTemporaryFolder(async (folder) => {
    const { tensors } = parseSafetensors(await Deno.readFile(referencePath("small")), "small");
    const names = [...tensors].filter(([name, { dtype }]) => dtype === "F32" && !GIVEN.has(name)).map((
      [name],
    ) => name);
    assert.equal(names.length, 25, names.join());
    const paths = names.map((name) => join(folder, `${name}.safetensors`));
    for (const [i, name] of names.entries()) await writeBent(paths[i]!, name, bendLargest);
    const { code, verdicts } = await verify(folder, [...paths, "--threads", "1"]);
    assert.deepEqual(
      verdicts,
      names.map((name) => ({ passed: false, misses: [name], problem: undefined })),
    );
    assert.equal(code, 1);
  });
});

Deno.test("verify fails on one changed number of any input tensor", async () => {
  await inTemporaryFolder(async (folder) => {
    const paths: string[] = [];
    for (const name of [...GIVEN, "y"]) {
      const path = join(folder, `${name}.safetensors`);
      await writeBent(path, name, (tensor) => {
        if (tensor.dtype === "I64") tensor.data[0] = tensor.data[0] === 0n ? 1n : 0n;
        else bendLargest(tensor);
      });
      paths.push(path);
    }
    const { code, verdicts } = await verify(folder, [...paths, "--threads", "1"]);
    assert.deepEqual(verdicts.map(({ passed }) => passed), paths.map(() => false));
    assert.equal(code, 1);
  });
});

Deno.test("verify compares gates exactly: a spike below the tolerance is a miss", async () => {
  await inTemporaryFolder(async (folder) => {
    const path = join(folder, "gate.safetensors");
    await writeBent(path, "o1", ({ data }) => {
      assert.ok(data instanceof Float32Array);
      data[data.indexOf(0)] = 1e-6;
    });
    const { code, verdicts } = await verify(folder, [path]);
    assert.deepEqual([code, verdicts[0]?.misses], [1, ["gates of o1"]]);
  });
});

Deno.test("verify fails on a NaN", async () => {
  await inTemporaryFolder(async (folder) => {
    const path = join(folder, "nan.safetensors");
    await writeBent(path, "grad_w1", ({ data }) => {
      assert.ok(data instanceof Float32Array);
      data[3] = NaN;
    });
    const { code, verdicts } = await verify(folder, [path]);
    assert.deepEqual([code, verdicts[0]?.misses], [1, ["grad_w1"]]);
  });
});

Deno.test("verify counts a file that it cannot compare as failed, and continues", async () => {
  await inTemporaryFolder(async (folder) => {
    await Deno.writeTextFile(join(folder, "text.safetensors"), "this is not a reference case");
    await writeBent(join(folder, "short.safetensors"), "u1", () => {});
    const whole = await Deno.readFile(join(folder, "short.safetensors"));
    await Deno.writeFile(join(folder, "short.safetensors"), whole.slice(0, -4));
    const { tensors, metadata } = parseSafetensors(whole, "small");
    tensors.delete("grad_b2");
    await Deno.writeFile(join(folder, "lacking.safetensors"), serializeSafetensors(tensors, metadata));
    const files = [
      "text.safetensors",
      "missing.safetensors",
      "short.safetensors",
      "lacking.safetensors",
      ".",
    ];
    const { code, stdout, stderr } = await spikelet(folder, ["verify", ...files, referencePath("small")]);
    assert.equal(code, 1);
    assert.equal(stderr, "");
    const verdicts = stdout.split("\n").filter((line) => /^(PASS|FAIL) /.test(line));
    assert.deepEqual(verdicts, [...files.map((file) => `FAIL  ${file}`), `PASS  ${referencePath("small")}`]);
    assert.match(stdout, /^ {6}missing\.safetensors: no such file or folder; check the path$/m);
    assert.match(stdout, /^ {6}lacking\.safetensors: tensor grad_b2: missing, expected 4 values$/m);
    assert.match(stdout, /^1 of 6 cases passed: WASM .*$/m);
  });
});

Deno.test("verify prints each tensor's worst deviation, and marks a miss", async () => {
  await inTemporaryFolder(async (folder) => {
    await writeBent(join(folder, "bent.safetensors"), "w2_after2", bendLargest);
    const { stdout } = await spikelet(folder, ["verify", "bent.safetensors", "--threads", "2"]);
    assert.match(stdout, /^FAIL {2}bent\.safetensors\n +tensor +values +worst deviation +of tolerance$/m);
    assert.match(stdout, /^ +u1 +315 +\d\.\de-\d +\d+\.\d %$/m);
    assert.match(stdout, /^ +gates of o1 +315 +0 +0\.0 %$/m);
    assert.match(stdout, /^MISS +w2_after2 +28 +\d\.\de[+-]\d +[\d.]+ %$/m);
    assert.equal(stdout.match(/^MISS/gm)?.length, 1);
    assert.match(stdout, /^0 of 1 case passed: WASM .*, 2 threads$/m);
  });
});

Deno.test("verify passes a case with its default engine and build", async () => {
  await inTemporaryFolder(async (folder) => {
    const alone = ["small", "pytorch/unequal_recurrent"];
    await inTurns(alone.map(referencePath), async (path) => {
      assert.deepEqual((await verify(folder, [path])).code, 0);
    });
  });
});

/**
 * Tests of the program that `deno task compile` makes, for `deno task test:binary`. `deno task test` does not run them, since
 * they need that program: dist/spikelet, or the file that SPIKELET_BINARY names. It runs without Deno and without an
 * environment, in a folder of the test. SPIKELET_WITHOUT_PAGE names a program that was compiled with `--page none`.
 *
 * @module
 */
import assert from "node:assert/strict";
import { join } from "node:path";
import { gunzipSync, gzipSync } from "node:zlib";
import { Classifier } from "../../src/classify/classifier.ts";
import { DATASETS } from "../../src/data/datasets.ts";
import { FILE_NAMES } from "../../src/data/file_names.ts";
import { parseIdx } from "../../src/data/idx.ts";
import { mnistDirectory } from "../../src/data/mnist.ts";
import { encodeModel } from "../../src/network/model_file.ts";
import { typeOfFile } from "../../src/serve/page_files.ts";
import { SUBSET } from "../../playground/logic/subset.ts";
import { readProgram } from "../../src/licenses/program.ts";
import { noticesIn } from "../licenses/read_notices.ts";
import { serveFiles } from "../data/file_server.ts";
import { named } from "../deno_version.ts";
import { COLOUR_MODEL, colourFile, colourPicture, kernels, MODEL } from "../serve/served_model.ts";
import { inTemporaryFolder } from "../temporary_folder.ts";
import { sizeOf, until } from "../until.ts";
import { askFor, type Served, withServer } from "./server.ts";
import { inFolderWithData } from "./small_data.ts";
import { QUICK, refusedOutputs, writeVictims } from "./victims.ts";
import {
  assertOneLine,
  type Outcome,
  PROJECT,
  recordOf,
  referencePath,
  spikelet,
  spikeletJson,
} from "./spikelet.ts";

const BINARY = Deno.env.get("SPIKELET_BINARY") ?? join(PROJECT, "dist", "spikelet");
const ALONE = { clearEnv: true, env: { PATH: "/nonexistent" } } as const;

/** A program without the page. */
const WITHOUT_PAGE = Deno.env.get("SPIKELET_WITHOUT_PAGE");

/** A call of the program, not yet started. */
function command(folder: string, args: readonly string[], program = BINARY): Deno.Command {
  return new Deno.Command(program, {
    args: [...args],
    cwd: folder,
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
    ...ALONE,
  });
}

/** Runs the program. */
async function binary(folder: string, args: readonly string[]): Promise<Outcome> {
  const { code, stdout, stderr } = await command(folder, args).output();
  const decoder = new TextDecoder();
  return { code, stdout: decoder.decode(stdout), stderr: decoder.decode(stderr) };
}

/** Runs the program, which must succeed, and reads the JSON on the last line of its standard output. */
async function binaryJson(folder: string, args: readonly string[]): Promise<Record<string, unknown>> {
  const { code, stdout, stderr } = await binary(folder, [...args, "--json"]);
  assert.equal(code, 0, stderr);
  return recordOf(JSON.parse(stdout.trimEnd().split("\n").at(-1) ?? ""));
}

Deno.test("the binary has all commands, and its name is spikelet", async () => {
  await inTemporaryFolder(async (folder) => {
    const compiled = await binary(folder, ["--help"]);
    assert.deepEqual(compiled, await spikelet(folder, ["--help"]));
    const { stdout } = await binary(folder, ["train", "--help"]);
    assert.match(stdout, /^Example:\n {2}spikelet train .+$/m);
    assert.match(stdout, /\(default:\s+data\/mnist\)/);
  });
});

Deno.test("the binary trains to the bits of the task, with any number of threads, from any folder", async () => {
  await inFolderWithData(async (folder) => {
    const args = ["--data", "data", "--steps", "40", "--hidden", "30", "--batch-size", "25", "--limit", "50"];
    const expected = await spikeletJson(folder, ["train", ...args, "--threads", "2", "--name", "task"]);
    for (const threads of [1, 2, 3]) {
      const name = `binary-${threads}`;
      const found = await binaryJson(folder, [
        "train",
        ...args,
        "--threads",
        String(threads),
        "--name",
        name,
      ]);
      assert.deepEqual([found.weightsSha256, found.test], [expected.weightsSha256, expected.test]);
    }
    const measured = await binaryJson(folder, ["evaluate", "task", "--data", "data", "--threads", "2"]);
    assert.deepEqual(measured.test, expected.test);
    const dense = ["--model", "feed-forward", "--data", "data", "--threads", "2"];
    const peer = await binaryJson(folder, ["train", ...dense, "--out", "peer.safetensors"]);
    assert.equal(peer.weightsSha256, (await spikeletJson(folder, ["train", ...dense])).weightsSha256);
    assert.deepEqual(
      (await binaryJson(folder, ["evaluate", "peer.safetensors", "--data", "data"])).test,
      peer.test,
    );
  });
});

Deno.test("the binary trains a convolutional network to the bits of the task, and shows it", async () => {
  await inFolderWithData(async (folder) => {
    const args = ["train", "--model", "conv", "--data", "data", "--epochs", "1", "--threads", "2"];
    const expected = await spikeletJson(folder, [...args, "--name", "task"]);
    const found = await binaryJson(folder, [...args, "--name", "binary"]);
    assert.deepEqual([found.weightsSha256, found.test], [expected.weightsSha256, expected.test]);
    const { stdout } = await binary(folder, ["network", "binary"]);
    assert.match(stdout, /conv2d1 +conv2d 5×5 +12×24×24/);
    const { path } = await binaryJson(folder, ["report", "binary", "--data", "data"]);
    assert.match(await Deno.readTextFile(join(folder, String(path))), /id="kernels"/);
  });
});

Deno.test("the binary serves a convolutional network, which answers to a picture in colours", async () => {
  const answer = new Classifier(COLOUR_MODEL, { kernels }).classify(colourPicture(1));
  await withServer(
    ["--threads", "1"],
    async ({ url }) => {
      const headers = { "content-type": "image/png" };
      const reply = await fetch(`${url}/classify`, { method: "POST", body: colourFile(1), headers });
      assert.deepEqual(await reply.json(), answer);
    },
    command,
    COLOUR_MODEL,
  );
});

Deno.test("the binary has both builds of the kernels, and passes the reference cases", async () => {
  await inTemporaryFolder(async (folder) => {
    for (const variant of [[], ["--variant", "plain"]]) {
      const { code, stdout, stderr } = await binary(folder, ["verify", referencePath("small"), ...variant]);
      assert.equal(code, 0, stdout + stderr);
    }
  });
});

Deno.test("the binary has no MNIST, says how to fetch it, fetches it, and trains with it", async () => {
  await inTemporaryFolder(async (folder) => {
    const quick = ["train", "--steps", "2", "--hidden", "3", "--limit", "20", "--threads", "1"];
    const missing =
      /^data\/mnist: MNIST's four files are not there: fetch them with `spikelet data fetch`, or name their/;
    assertOneLine(await binary(folder, quick), 1, missing);
    assertOneLine(await binary(folder, ["data", "path"]), 1, missing);
    assert.equal(recordOf((await binaryJson(folder, ["info"])).mnist).available, false);

    const packed: Record<string, Uint8Array> = {};
    for (const { name } of DATASETS.mnist.files) {
      packed[`${name}.gz`] = new Uint8Array(
        gzipSync(await Deno.readFile(join(mnistDirectory(), name)), { level: 1 }),
      );
    }
    await using server = serveFiles(packed, (_asked, number) => number === 0 ? { cutAfter: 4000 } : {});
    const { code, stdout, stderr } = await binary(folder, ["data", "fetch", "--from", server.url]);
    assert.equal(code, 0, stderr);
    assert.match(stderr, /^train-images-idx3-ubyte: the connection broke; again in 1 s$/m);
    assert.match(stdout, /\nNext: spikelet train\n$/);
    assert.equal((await binary(folder, ["data", "verify"])).code, 0);
    const found = await binaryJson(folder, quick);
    const expected = await spikeletJson(folder, [...quick, "--data", mnistDirectory()]);
    assert.deepEqual([found.weightsSha256, found.test], [expected.weightsSha256, expected.test]);
  });
});

Deno.test("the binary writes to any path, also outside the current folder", async () => {
  await inTemporaryFolder(async (elsewhere) => {
    await inFolderWithData(async (folder) => {
      const out = join(elsewhere, "model.safetensors");
      const { code, stderr } = await binary(folder, [
        "train",
        "--data",
        "data",
        "--steps",
        "2",
        "--out",
        out,
        "--quiet",
      ]);
      assert.deepEqual([code, stderr], [0, ""]);
      assert.ok((await Deno.stat(out)).size > 1000);
    });
  });
});

Deno.test("the binary overwrites only its own files, though it may write anywhere", async () => {
  await inFolderWithData(async (folder) => {
    await binaryJson(folder, ["train", ...QUICK, "--name", "own"]);
    await inTemporaryFolder(async (elsewhere) => {
      const unharmed = await writeVictims(folder, elsewhere);
      for (const [out, reason] of refusedOutputs(folder)) {
        assertOneLine(await binary(folder, ["train", ...QUICK, "--out", out]), 1, reason);
        const page = out.replace(".safetensors", ".html");
        assertOneLine(await binary(folder, ["report", "own", "--out", page]), 1, reason);
      }
      await Deno.mkdir(join(folder, "runs", "notes"));
      await Deno.writeTextFile(join(folder, "runs", "notes", "todo.txt"), "mine");
      assertOneLine(await binary(folder, ["runs", "rm", "notes", "--yes"]), 1, /: this is no run/);
      await unharmed();
    });
  });
});

Deno.test("the binary ends with 130 on Ctrl-C, and with 1 and 2 on failures, each with one line", async () => {
  await inFolderWithData(async (folder) => {
    const process = command(folder, ["train", "--data", "data", "--epochs", "10000", "--name", "long"])
      .spawn();
    await until(async () => await sizeOf(join(folder, "runs/long/metrics.jsonl")) > 0);
    process.kill("SIGINT");
    assert.equal((await process.output()).code, 130);
    assertOneLine(await binary(folder, ["evaluate", "nothing"]), 1, /^nothing: no model there/);
    assertOneLine(await binary(folder, ["train", "--steps", "0"]), 2, /^--steps 0: expected a whole number/);
  }, { train: 2000, test: 10 });
});

Deno.test({
  name: "the binary offers on a terminal to fetch MNIST, and takes no for an answer",
  // `script` gives a program a terminal. Almost every Linux has it; other systems have a different program of that name.
  ignore: Deno.build.os !== "linux",
  fn: async () => {
    await inTemporaryFolder(async (folder) => {
      const line = `${BINARY} train --limit 10 --steps 2`;
      const process = new Deno.Command("script", {
        args: ["--quiet", "--return", "--command", line, "/dev/null"],
        cwd: folder,
        stdin: "piped",
        stdout: "piped",
      }).spawn();
      const writer = process.stdin.getWriter();
      await writer.write(new TextEncoder().encode("n\n"));
      const { code, stdout } = await process.output();
      await writer.close().catch(() => {});
      const text = new TextDecoder().decode(stdout);
      assert.match(text, /MNIST is not in data\/mnist\. Fetch it now \(11\.6 MB\)\? \[y\/N\]/);
      assert.match(
        text,
        /data\/mnist: MNIST's four files are not there: fetch them with `spikelet data fetch`/,
      );
      assert.equal(code, 1);
      assert.deepEqual(await Array.fromAsync(Deno.readDir(folder)), []);
    });
  },
});

Deno.test("the binary serves on two threads, with the answers of the task", async () => {
  const digits = Uint8Array.from({ length: 784 * 3 }, (_, i) => i % 256), answers: unknown[] = [];
  const ask = async ({ url, stop }: Served) => {
    answers.push(await askFor(url, digits));
    assert.equal(await stop(), 0);
  };
  await withServer(["--threads", "2"], ask, command);
  await withServer([], ask);
  assert.deepEqual(answers[0], answers[1]);
});

Deno.test("the binary serves the whole page, with the served model", async () => {
  await withServer([], async ({ url }) => {
    const get = async (path: string) => {
      const response = await fetch(`${url}/${path}`);
      const bytes = new Uint8Array(await response.arrayBuffer());
      assert.equal(response.status, 200, path);
      return { headers: response.headers, bytes, text: new TextDecoder().decode(bytes) };
    };
    const index = await get("");
    assert.match(index.headers.get("content-type") ?? "", /^text\/html/);
    assert.match(
      index.headers.get("content-security-policy") ?? "",
      /^default-src 'none'; script-src 'self' /,
    );
    assert.equal(index.headers.get("cross-origin-opener-policy"), "same-origin");
    assert.match(index.text, /data-model="model\.safetensors"/);

    // All files that the index names, and those that they name.
    const found = new Map<string, string>(), named = [...index.text.matchAll(/(?:href|src)="([\w.-]+)"/g)];
    const queue = named.map(([, name = ""]) => name);
    for (const name of queue) {
      if (found.has(name)) continue;
      const { headers, text } = await get(name);
      assert.equal(headers.get("content-type"), typeOfFile(name));
      found.set(name, text);
      if (name.endsWith(".js")) {
        queue.push(...[...text.matchAll(/["'`](?:\.\/)?([\w-]+\.js)["'`]/g)].map(([, next = ""]) => next));
      }
    }
    for (const name of ["style.css", "main.js", "trainer.js", "inspector.js", "engine_worker.js"]) {
      assert.ok(found.has(name), name);
    }

    for (const name of ["kernels.plain.wasm", "kernels.relaxed.wasm"]) {
      assert.deepEqual((await get(name)).bytes, await Deno.readFile(join(PROJECT, "build", name)), name);
    }
    for (const split of ["train", "test"] as const) {
      const { images, labels } = FILE_NAMES[split];
      const read = async (name: string) => parseIdx(gunzipSync((await get(`${name}.gz`)).bytes), name);
      assert.deepEqual((await read(images)).shape, [SUBSET[split], 28, 28]);
      assert.deepEqual((await read(labels)).shape, [SUBSET[split]]);
    }
    assert.deepEqual((await get("model.safetensors")).bytes, encodeModel(MODEL));
  }, command);
});

Deno.test({
  ...named(
    "a binary without the page serves a form",
    WITHOUT_PAGE === undefined ? "SPIKELET_WITHOUT_PAGE names none" : undefined,
  ),
  fn: () =>
    withServer([], async ({ url, errors, stop }) => {
      const response = await fetch(url);
      assert.equal(response.status, 200);
      assert.match(await response.text(), /<form action="classify"/);
      assert.equal(
        (await fetch(`${url}/model.safetensors`).then((file) => file.bytes())).length,
        encodeModel(MODEL).length,
      );
      await stop();
      assert.match(await errors, /^page: a form$/m);
    }, (folder, args) => command(folder, args, WITHOUT_PAGE)),
});

Deno.test("the binary prints the licences of everything in it", async () => {
  await inTemporaryFolder(async (folder) => {
    const { code, stdout, stderr } = await binary(folder, ["licenses"]);
    assert.equal(code, 0, stderr);
    const found = noticesIn(stdout);
    assert.match([...found.keys()].slice(0, 2).join(), /^Spikelet .*,Deno .* \(MIT\)/);
    const { packages } = await readProgram([join(PROJECT, "main.ts")]);
    const names = packages.map(({ name, version, license }) => `${name} ${version} (${license})`);
    assert.deepEqual(names.filter((name) => !found.has(name)), []);
  });
});

Deno.test("the binary draws a run as a page", async () => {
  await inFolderWithData(async (folder) => {
    const data = ["--data", "data", "--threads", "1"];
    await binaryJson(folder, ["train", ...data, "--steps", "8", "--hidden", "6", "--name", "drawn"]);
    await binaryJson(folder, ["report", "drawn", ...data, "--samples", "2"]);
    const page = await Deno.readTextFile(join(folder, "runs", "drawn", "report.html"));
    assert.ok(page.split("<svg").length > 4, "plots");
  });
});

import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { DATASETS } from "../../src/data/datasets.ts";
import { mnistDirectory } from "../../src/data/mnist.ts";
import { writeCifar } from "../data/cifar_files.ts";
import { serveFiles } from "../data/file_server.ts";
import { inTemporaryFolder } from "../temporary_folder.ts";
import { sizeOf, until } from "../until.ts";
import { assertOneLine, command, inTurns, recordOf, spikelet, spikeletJson } from "./spikelet.ts";

const { files } = DATASETS.mnist;
const [IMAGES, LABELS] = [files[0]!.name, files[1]!.name];

/** MNIST as on its servers, with faster compression. */
async function packedMnist(): Promise<Record<string, Uint8Array>> {
  const packed: Record<string, Uint8Array> = {};
  for (const { name } of files) {
    const bytes = await Deno.readFile(join(mnistDirectory(), name));
    packed[`${name}.gz`] = new Uint8Array(gzipSync(bytes, { level: 1 }));
  }
  return packed;
}

Deno.test("data fetch keeps its part after any signal", async () => {
  await inTemporaryFolder(async (folder) => {
    const packed = await packedMnist(), half = packed[`${IMAGES}.gz`]!.length >> 1;
    await using server = serveFiles(packed, () => ({ stallAfter: half }));
    for (const [signal, code] of [["SIGTERM", 143], ["SIGHUP", 129]] as const) {
      const process = command(folder, ["data", "fetch", "--from", server.url, "--to", `data/${signal}`])
        .spawn();
      const part = join(folder, "data", signal, `${IMAGES}.gz.part`);
      await until(async () => await sizeOf(part) >= half);
      process.kill(signal);
      const { code: found, stderr } = await process.output();
      assert.equal(found, code);
      assert.match(new TextDecoder().decode(stderr), /^stopped: what has come is kept in data.SIG\w+;/m);
      assert.equal((await Deno.stat(part)).size, half);
    }
  });
});

Deno.test("data fetch resumes after Ctrl-C, and train reads the fetched files", async () => {
  await inTemporaryFolder(async (folder) => {
    const packed = await packedMnist();
    const half = packed[`${IMAGES}.gz`]!.length >> 1;
    await using server = serveFiles(
      packed,
      ({ path }, number) => path.startsWith(IMAGES) && number === 0 ? { stallAfter: half } : {},
    );

    const process = command(folder, ["data", "fetch", "--from", server.url]).spawn();
    const part = join(folder, "data/mnist", `${IMAGES}.gz.part`);
    await until(async () => await sizeOf(part) >= half);
    process.kill("SIGINT");
    const { code, stderr } = await process.output();
    assert.equal(code, 130);
    assert.match(
      new TextDecoder().decode(stderr),
      /^stopped: what has come is kept in data\/mnist; the same command resumes from it$/m,
    );

    const fetched = await spikeletJson(folder, ["data", "fetch", "--from", server.url]);
    assert.deepEqual(server.requests.map(({ path, offset }) => [path, offset]), [
      [`${IMAGES}.gz`, 0],
      [`${IMAGES}.gz`, half],
      ...files.slice(1).map(({ name }) => [`${name}.gz`, 0]),
    ]);
    assert.deepEqual(fetched, {
      dataset: "mnist",
      folder: "data/mnist",
      files: files.map(({ name, bytes, md5, sha256 }) => ({
        name,
        path: `data/mnist/${name}`,
        bytes,
        md5,
        sha256,
        from: `${server.url}${name}.gz`,
      })),
    });
    for (const { name } of files) {
      const [found, expected] = await Promise.all(
        [join(folder, "data/mnist"), mnistDirectory()].map((at) => Deno.readFile(join(at, name))),
      );
      assert.equal(Buffer.compare(found!, expected!), 0);
    }
    assert.deepEqual(
      (await Array.fromAsync(Deno.readDir(join(folder, "data/mnist")), ({ name }) => name)).toSorted(),
      files.map(({ name }) => name).toSorted(),
    );

    const again = await spikelet(folder, ["data", "fetch", "--from", server.url]);
    assert.equal(again.code, 0, again.stderr);
    assert.match(
      again.stdout,
      /train-images-idx3-ubyte: 47\.0 MB, here already, MD5 and SHA-256 as expected\n/,
    );
    assert.match(again.stdout, /\n\nNext: deno task train\n$/);
    assert.equal((await spikelet(folder, ["data", "path"])).stdout, "data/mnist\n");
    assert.equal(recordOf((await spikeletJson(folder, ["info"])).mnist).folder, "data/mnist");
    await Deno.truncate(join(folder, "data/mnist", IMAGES), 100_000);
    const cut = await spikelet(folder, [
      "train",
      "--steps",
      "2",
      "--hidden",
      "3",
      "--limit",
      "20",
      "--threads",
      "1",
    ]);
    assertOneLine(
      cut,
      1,
      /^data\/mnist\/train-images-idx3-ubyte: 100,000 bytes, but its header promises 47,040,016: /,
    );
  });
});

Deno.test("data verify names each missing or different file, and exits 1", async () => {
  await inTemporaryFolder(async (folder) => {
    const official = await spikelet(folder, ["data", "verify", "--data", mnistDirectory()]);
    assert.equal(official.code, 0, official.stderr);
    assert.equal(official.stdout.match(/: MD5 and SHA-256 as expected$/gm)?.length, 4);
    await Deno.mkdir(join(folder, "mine"));
    await Deno.copyFile(join(mnistDirectory(), LABELS), join(folder, "mine", LABELS));
    await Deno.writeTextFile(join(folder, "mine", `${IMAGES}.gz`), "\x1f");
    const { code, stdout, stderr } = await spikelet(folder, ["data", "verify", "--data", "mine"]);
    assert.equal(code, 1);
    assert.match(stdout, /^mine\/train-images-idx3-ubyte\.gz: its MD5 is [0-9a-f]{32}, expected 6bbc9ace/m);
    assert.match(stdout, /^mine\/train-labels-idx1-ubyte: MD5 and SHA-256 as expected$/m);
    assert.equal(stdout.match(/^mine\/t10k-.*: missing$/gm)?.length, 2);
    assert.equal(
      stderr,
      "mine: 3 of 4 files are not the official ones of MNIST: " +
        "fetch them with `deno task data fetch mnist --to mine`\n",
    );
    const fashion = await spikelet(folder, ["data", "verify", "fashion"]);
    assert.match(fashion.stderr, /^data\/fashion: 4 of 4 files are not the official ones of Fashion-MNIST: /);
  });
});

Deno.test("data knows CIFAR-10: its folder, its files, and the archive that it is fetched as", async () => {
  await inTemporaryFolder(async (folder) => {
    assert.equal((await spikelet(folder, ["data", "path", "cifar10"])).stdout, "data/cifar10\n");
    const missing = await spikelet(folder, ["data", "verify", "cifar10"]);
    assert.match(
      missing.stderr,
      /^data\/cifar10: 7 of 7 files are not the official ones of CIFAR-10: fetch them with `deno task data fetch cifar10/,
    );
    await writeCifar(join(folder, "data/cifar10"));
    const { code, stdout } = await spikelet(folder, ["data", "verify", "cifar10"]);
    assert.equal(code, 0);
    assert.match(
      stdout,
      /data_batch_1\.bin: size as expected\n(.*: size as expected\n){5}.*batches\.meta\.txt: here\n$/,
    );
    await using server = serveFiles({ "cifar-10-binary.tar.gz": new Uint8Array(9000) });
    const wrong = ["data", "fetch", "cifar10", "--from", server.url, "--to", "data/other", "--quiet"];
    assertOneLine(
      await spikelet(folder, wrong),
      1,
      /cifar-10-binary\.tar\.gz: its MD5 is [0-9a-f]{32}, expected c32a1d4ab5d03f1284b67883e8d87530: /,
    );
  });
});

Deno.test("data fetch exits 1 after a failure with one line that says how to resume", async () => {
  await inTemporaryFolder(async (folder) => {
    await inTurns<[string, Parameters<typeof serveFiles>[1], RegExp]>([
      [
        "404",
        () => ({ status: 404 }),
        /: the server answers 404 Not Found: check the address, or fetch from another/,
      ],
      [
        "cut",
        () => ({ body: new Uint8Array(9000), cutAfter: 5000 }),
        /: the connection broke: run the same command again later; it resumes from the 5,000 bytes that are here$/m,
      ],
      [
        "slow",
        () => ({ body: new Uint8Array(9000), stallAfter: 5000 }),
        /: less than 4,096 bytes came in 3 s: run the same command again later; it resumes from the 5,000 bytes/,
      ],
      [
        "wrong",
        () => ({ body: new Uint8Array(9000) }),
        /: its MD5 is [0-9a-f]{32}, expected 6bbc9ace898e44ae57da46a324031adb: this is not the official file, /,
      ],
    ], async ([name, conduct, message]) => {
      await using server = serveFiles({}, conduct);
      const args = [
        "data",
        "fetch",
        "--from",
        `${server.url}mnist`,
        "--to",
        `data/${name}`,
        "--retries",
        "0",
        "--timeout",
        "3",
      ];
      const outcome = await spikelet(folder, [...args, "--quiet"]);
      assertOneLine(outcome, 1, message);
      assert.match(outcome.stderr, RegExp(`^${server.url}mnist/${IMAGES}\\.gz: `));
    });
  });
});

Deno.test("data fetch names the missing permission to reach a server or to write", async () => {
  await inTemporaryFolder(async (folder) => {
    const args = ["data", "fetch", "--from", "http://example.org/", "--quiet"];
    assertOneLine(
      await spikelet(folder, args, ["--allow-write=."]),
      1,
      /^http:\/\/example\.org\/train-images-idx3-ubyte\.gz: Deno may not reach it; run again with --allow-net=example\.org$/m,
    );
    assertOneLine(
      await spikelet(folder, args, ["--allow-net"]),
      1,
      /^data\/mnist: Deno may not write it; run again with/,
    );
  });
});

Deno.test("data exits 2 on usage errors with one line", async () => {
  await inTemporaryFolder(async (folder) => {
    await inTurns<[string[], RegExp]>([
      [["fetch", "digits"], /^digits: no data set of this name: expected mnist, fashion or cifar10$/m],
      [
        ["fetch", "--from", "data/mnist"],
        /^--from "data\/mnist": expected the http or https address of a folder/,
      ],
      [["fetch", "--from", "ftp://x/"], /^--from "ftp:\/\/x\/": expected the http or https address/],
      [["fetch", "--from", "http://me:secret@x/"], /names and passwords are not sent/],
      [["fetch", "--from", "http://x/?key=1"], /names of files are put behind it/],
      [["fetch", "--timeout", "0"], /^--timeout 0: expected a number, above 0, at most 3,600$/m],
      [["fetch", "--to", ""], /^--to "": expected a path$/m],
      [["get"], /^unknown command 'get'/],
    ], async ([args, message]) => {
      assertOneLine(await spikelet(folder, ["data", ...args]), 2, message);
    });
  });
});

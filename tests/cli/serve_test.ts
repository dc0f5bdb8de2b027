import assert from "node:assert/strict";
import { join } from "node:path";
import { Classifier } from "../../src/classify/classifier.ts";
import { encodeModel } from "../../src/network/model_file.ts";
import { IS_BOUNDED } from "../../src/serve/listen.ts";
import { hostileRequests, statusInTheEnd } from "../serve/hostile.ts";
import { attack, mostMemory, silence } from "../serve/attack.ts";
import {
  COLOUR_MODEL,
  colourFile,
  colourPicture,
  digit,
  DIGITS,
  kernels,
  MODEL,
} from "../serve/served_model.ts";
import { inTemporaryFolder } from "../temporary_folder.ts";
import { askFor, withServer } from "./server.ts";
import { named } from "../deno_version.ts";
import { assertOneLine, command, PROJECT, spikelet } from "./spikelet.ts";

const classifier = new Classifier(MODEL, { kernels });
const ALL = Uint8Array.from(DIGITS.features);
const EXPECTED = Array.from({ length: DIGITS.count }, (_, i) => classifier.classify(digit(i), 3));

Deno.test("serve gives a classifier's answers, logs, and exits 0 on a signal", async () => {
  await withServer(["--log"], async ({ url, errors, stop }) => {
    assert.deepEqual(await askFor(url, ALL), EXPECTED);
    assert.deepEqual(await (await fetch(`${url}/health`)).json(), { status: "ok" });
    assert.equal((await (await fetch(`${url}/model`)).json()).kernels, "plain");
    assert.equal(await stop("SIGINT"), 0);
    const lines = (await errors).trimEnd().split("\n");
    assert.match(lines[0]!, /^runs.small.model\.safetensors: 784-30-10, 12 steps$/);
    assert.equal(lines[1], "WASM SIMD128, 1 thread");
    assert.match(lines[2]!, /^page: (a form|the one that learns)/); // depends on whether the page is built
    assert.equal(lines[3], `listening at ${url}`);
    assert.match(lines[4]!, /^\d{4}-\d\d-\d\dT[\d:.]+Z POST \/classify 200, 40 samples, [\d.]+ ms$/);
    assert.match(lines[5]!, /Z GET \/health 200, [\d.]+ ms$/);
    assert.equal(lines.at(-1), "stopped after 3 requests");
  });
});

Deno.test("serve gives a convolutional network's answers to pictures in colours, on one thread and on two", async () => {
  const colours = new Classifier(COLOUR_MODEL, { kernels });
  const expected = Array.from({ length: 6 }, (_, i) => colours.classify(colourPicture(i)));
  const form = new FormData();
  expected.forEach((_, i) => form.append(`${i}`, new Blob([colourFile(i)], { type: "image/png" })));
  for (const threads of ["1", "2"]) {
    await withServer(
      ["--threads", threads],
      async ({ url, errors, stop }) => {
        const reply = await fetch(`${url}/classify`, { method: "POST", body: form });
        assert.deepEqual(await reply.json(), expected);
        assert.equal(await stop(), 0);
        assert.match(await errors, /^runs.small.model\.safetensors: 3×9×9-6×4×4-4×3×3-5, 4 steps$/m);
      },
      command,
      COLOUR_MODEL,
    );
  }
});

Deno.test("serve answers every hostile request, and other senders correctly meanwhile", async () => {
  const mostBytes = 40_000;
  await withServer(["--timeout", "1", "--max-bytes", `${mostBytes}`], async ({ url, port, errors, stop }) => {
    let state = 1;
    const next = (below: number) => (state = (Math.imul(state, 1103515245) + 12345) >>> 0) % 65_521 % below;
    const hostile = hostileRequests(next, 1000, mostBytes);
    const answers = Promise.all(hostile.map((request) => statusInTheEnd(request, port)));
    const others = await Promise.all(Array.from({ length: 20 }, () => askFor(url, ALL)));
    for (const found of others) assert.deepEqual(found, EXPECTED);
    const wrong = (await answers).flatMap((status, i) => {
      const { what, statuses } = hostile[i]!;
      return statuses.includes(status) ? [] : [`${what}: ${status}, not ${statuses.join(" or ")}`];
    });
    assert.deepEqual(wrong, []);
    assert.deepEqual(await (await fetch(`${url}/health`)).json(), { status: "ok" });
    assert.equal(await stop(), 0);
    assert.equal((await errors).trimEnd().split("\n").length, 5, "nothing went wrong inside");
  });
});

Deno.test("serve refuses forms of thousands of parts, answers others beside them, and keeps its memory bounded", async () => {
  await withServer([], async ({ url, child, stop }) => {
    const { health, good, forms } = await attack(url, digit(0), { rounds: 3, senders: 8 });
    assert.ok(health.length > 0);
    assert.equal([...forms.values()].reduce((a, b) => a + b), 30);
    // Each form is refused for its parts or for overload; none is accepted, and none stays without an answer.
    for (const status of forms.keys()) assert.ok(status === 400 || status === 429, `a form: ${status}`);
    for (const status of good.keys()) assert.ok(status === 200 || status === 429, `a digit: ${status}`);
    assert.ok(good.get(200)! > 0);
    if (Deno.build.os === "linux") assert.ok(await mostMemory(child.pid) < 600);
    assert.deepEqual(await askFor(url, ALL), EXPECTED);
    assert.equal(await stop(), 0);
  });
});

Deno.test("serve survives senders that close their connections during a request", async () => {
  const many = new Uint8Array(784 * 1300);
  for (const threads of Deno.build.os === "linux" ? ["1", "2"] : ["1"]) {
    await withServer(
      ["--threads", threads, "--max-bytes", "2000000"],
      async ({ url, port, errors, stop }) => {
        for (let i = 0; i < 12; i++) {
          const connection = await Deno.connect({ hostname: "127.0.0.1", port });
          const head =
            `POST /classify HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/octet-stream\r\n`;
          const request = new Blob([head, `content-length: ${many.length}\r\n\r\n`, many]);
          await request.stream().pipeTo(connection.writable, { preventClose: true });
          await new Promise((resolve) => setTimeout(resolve, 3 * i));
          connection.close();
        }
        assert.deepEqual(await askFor(url, ALL), EXPECTED);
        assert.equal(await stop(), 0);
        assert.doesNotMatch(await errors, /Uncaught|prematurely/);
      },
    );
  }
});

Deno.test("serve answers started requests before it stops", async () => {
  await withServer(["--timeout", "5"], async ({ url, port, child, stop }) => {
    using slow = await Deno.connect({ hostname: "127.0.0.1", port });
    const head =
      "POST /classify HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/octet-stream\r\ncontent-length: 784\r\n\r\n";
    await slow.write(new TextEncoder().encode(head));
    await askFor(url, ALL); // so that the server has the slow one
    const stopped = stop();
    for (;;) {
      const refused = await fetch(`${url}/classify`, { method: "POST" });
      const { error } = await refused.json();
      if (refused.status !== 503) continue; // before the signal arrives
      assert.equal(error, "this server is stopping: send it again");
      break;
    }
    const health = await fetch(`${url}/health`);
    assert.deepEqual([health.status, await health.json()], [503, { status: "stopping" }]);
    await slow.write(digit(0));
    const buffer = new Uint8Array(4096), count = await slow.read(buffer) ?? 0;
    const [, body = ""] = new TextDecoder().decode(buffer.subarray(0, count)).split("\r\n\r\n");
    assert.deepEqual(JSON.parse(body), EXPECTED[0]);
    assert.equal(await stopped, 0);
    assert.equal((await child.status).signal, null);
  });
});

if (Deno.build.os === "linux") {
  Deno.test("serve on two threads gives the same answers at one port, and stops both", async () => {
    await withServer(["--threads", "2"], async ({ url, errors, stop }) => {
      const answers = await Promise.all(Array.from({ length: 20 }, () => askFor(url, ALL)));
      for (const found of answers) assert.deepEqual(found, EXPECTED);
      assert.equal(await stop(), 0);
      assert.match(await errors, /2 threads\npage: .*\nlistening at .*\nstopped after \d\d+ requests\n$/);
    });
  });
}

/** The answer to a request of these bytes. */
async function answerTo(port: number, request: string): Promise<string> {
  using connection = await Deno.connect({ hostname: "127.0.0.1", port });
  await connection.write(new TextEncoder().encode(request));
  return await new Response(connection.readable).text();
}

Deno.test("serve answers many requests on one connection, one after the other", async () => {
  await withServer([], async ({ port, stop }) => {
    using connection = await Deno.connect({ hostname: "127.0.0.1", port });
    const head = "POST /classify HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/octet-stream\r\n";
    const buffer = new Uint8Array(4096), decoder = new TextDecoder();
    for (let i = 0; i < 40; i++) {
      await connection.write(new TextEncoder().encode(`${head}content-length: 784\r\n\r\n`));
      await connection.write(digit(i));
      for (let text = ""; !text.endsWith("}");) {
        const count = await connection.read(buffer) ?? assert.fail(`closed after ${i} answers`);
        text += decoder.decode(buffer.subarray(0, count));
        assert.match(text, /^HTTP\/1\.1 200 /);
      }
    }
    assert.equal(await stop(), 0);
  });
});

Deno.test("serve checks the host name of requests, and publishes the page and the model by its options", async () => {
  const args = [
    "--no-page",
    "--no-model",
    "--cors",
    "https://good.example",
    "--allow-host",
    "digits.example",
  ];
  await withServer(args, async ({ url, port, errors, stop }) => {
    for (const path of ["", "/model", "/model.safetensors"]) {
      assert.equal(
        (await (await fetch(`${url}/${path}`)).json()).error,
        "no such path: expected /health, /classify",
      );
    }
    const from = (host: string, more = "") =>
      answerTo(port, `HEAD /health HTTP/1.1\r\nhost: ${host}\r\n${more}connection: close\r\n\r\n`);
    assert.match(await from("evil.example"), /^HTTP\/1\.1 403 /);
    assert.match(await from("digits.example:80"), /^HTTP\/1\.1 200 [^]*content-length: 15\r\n/i);
    const origin = "origin: https://good.example\r\n";
    assert.match(
      await from(`127.0.0.1:${port}`, origin),
      /access-control-allow-origin: https:\/\/good\.example\r\n/i,
    );
    assert.deepEqual(await askFor(url, ALL), EXPECTED);
    assert.equal(await stop(), 0);
    assert.match(await errors, /^page: none$/m);
    assert.doesNotMatch(await errors, /warning/);
  });
});

Deno.test("serve warns once if it listens at every address", async () => {
  await withServer(["--quiet", "--host", "0.0.0.0"], async ({ port, errors, stop }) => {
    assert.match(
      await answerTo(port, "GET /health HTTP/1.0\r\nhost: any.example\r\n\r\n"),
      /^HTTP\/1\.[01] 200 /,
    );
    assert.equal(await stop(), 0);
    assert.match(await errors, /^warning: --host 0\.0\.0\.0 is every address of this machine: [^\n]*\n$/);
  });
});

Deno.test("serve answers up to sixteen pipelined requests", async () => {
  await withServer([], async ({ port, stop }) => {
    const answersTo = async (count: number) => {
      using connection = await Deno.connect({ hostname: "127.0.0.1", port });
      const last = "GET /health HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n";
      const others = last.replace("connection: close\r\n", "").repeat(count - 1);
      await connection.write(new TextEncoder().encode(others + last));
      return (await new Response(connection.readable).text().catch(() => "")).split("HTTP/1.1 200 OK")
        .length - 1;
    };
    assert.equal(await answersTo(16), 16);
    if (IS_BOUNDED) assert.ok(await answersTo(1000) < 1000, "each would be held in memory");
    assert.equal(await answersTo(16), 16);
    assert.equal(await stop(), 0);
  });
});

/** The server with a limit of open files. */
function withFiles(most: number): (folder: string, args: readonly string[]) => Deno.Command {
  return (folder, args) => {
    const permissions = ["--no-prompt", "--allow-read", "--allow-net=127.0.0.1"];
    return new Deno.Command("sh", {
      args: [
        ...["-c", `ulimit -n ${most}; exec "$0" "$@"`, Deno.execPath()],
        ...["run", ...permissions, `${PROJECT}main.ts`, ...args],
      ],
      cwd: folder,
      stdin: "null",
      stdout: "piped",
      stderr: "piped",
    });
  };
}

if (Deno.build.os !== "windows") {
  for (
    const [what, args] of [["by default", []], ["with --connections", ["--connections", "50"]]] as const
  ) {
    Deno.test({
      ...named(
        `serve survives more silent connections than it may open files, ${what}, and closes them`,
        IS_BOUNDED ? undefined : `it needs Deno 2.9, this is ${Deno.version.deno}`,
      ),
      fn: () =>
        withServer(["--timeout", "2", ...args], async ({ url, port, errors, stop }) => {
          let areClosed = false;
          const closed = silence(port, 300, 4000).then(() => areClosed = true);
          // A new connection among hundreds may be closed before it is read, and must retry.
          while (!areClosed) {
            const answer = await askFor(url, ALL).catch((error) => error);
            if (!(answer instanceof TypeError)) assert.deepEqual(answer, EXPECTED);
          }
          await closed;
          assert.deepEqual(await (await fetch(`${url}/health`)).json(), { status: "ok" });
          assert.equal(await stop(), 0);
          const bound = /^\d+ connections at a time, not 1,000: more open files are not allowed here/m;
          assert.equal(bound.test(await errors), args.length === 0);
        }, withFiles(200)),
    });
  }
}

Deno.test("serve refuses a missing model, a used port and bad options with one line", async () => {
  await inTemporaryFolder(async (folder) => {
    await Deno.writeFile(join(folder, "m.safetensors"), encodeModel(MODEL));
    using taken = Deno.listen({ hostname: "127.0.0.1", port: 0 });
    const { port } = taken.addr;
    const serve = (...args: string[]) => ["serve", "--model", "m.safetensors", ...args];
    for (
      const [args, code, message] of [
        [["serve"], 2, /^required option '--model <run-or-file>' not specified/],
        [["serve", "--model", "none"], 1, /^none: no model there/],
        [
          serve("--port", `${port}`),
          1,
          new RegExp(`^127.0.0.1:${port}: this port is taken: choose another --port`),
        ],
        [serve("--port", "65536"), 2, /^--port 65536: expected a whole number, 0 to 65,535/],
        [
          serve("--host", "192.0.2.1"),
          1,
          /^192.0.2.1:8000: Deno may not listen there: .* add a permission: deno run .*,192\.0\.2\.1. .*main\.ts serve .*--host 192\.0\.2\.1/m,
        ],
        [
          serve("--host", "127.0.0.1:80"),
          2,
          /^--host 127\.0\.0\.1:80: expected an address alone, such as 127\.0\.0\.1, ::1 or localhost; the port/,
        ],
        [serve("--host", "http://localhost"), 2, /^--host http:\/\/localhost: expected an address alone/],
        [
          serve("--seed", "1", "--random"),
          2,
          /--seed.* cannot be used with .*--random|--random.* cannot be used with/,
        ],
        [
          serve("--cors", "example.com"),
          2,
          /^--cors example.com: expected an origin, such as https:\/\/example.com/,
        ],
        [serve("--allow-host", "http://a"), 2, /^--allow-host http:\/\/a: expected a name without http:\/\//],
        [serve("--queue", "0"), 2, /^--queue 0: expected a whole number, 1 to 1,000,000/],
      ] as const
    ) assertOneLine(await spikelet(folder, args), code, message);
    const there = await spikelet(folder, serve("--host", "192.0.2.1"), ["--allow-net"]);
    assertOneLine(there, 1, /^192.0.2.1:8000: cannot listen there \(.*\): choose another --host/);
    const unresolved = await spikelet(folder, serve("--host", "name.invalid"), ["--allow-net"]);
    assertOneLine(unresolved, 1, /^name.invalid:8000: cannot listen there \(.*\): choose another --host/);
  });
});

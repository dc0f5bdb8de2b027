/**
 * `serve` answers every request before it stops, and resets no connection.
 *
 * @module
 */
import assert from "node:assert/strict";
import { join } from "node:path";
import { Classifier } from "../../src/classify/classifier.ts";
import { encodeModel } from "../../src/network/model_file.ts";
import { named, NO_TOOLS } from "../deno_version.ts";
import { digit, kernels, MODEL } from "../serve/served_model.ts";
import { inTemporaryFolder } from "../temporary_folder.ts";
import { makeClone } from "./clone.ts";
import { withServer } from "./server.ts";
import { CTRL_C, NO_TERMINAL, openTerminal, type Terminal } from "./terminal.ts";

/** `Deno.serve`, the server of older Denos, closes connections without reading them. */
const UNBOUNDED = NO_TOOLS;

const EXPECTED = new Classifier(MODEL, { kernels }).classify(digit(0), 3);
const HEAD = "POST /classify HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/octet-stream\r\n" +
  "content-length: 784\r\n";
const encoder = new TextEncoder(), decoder = new TextDecoder();

/** An answer on a connection. */
interface Answered {
  readonly status: number;
  readonly isLast: boolean;
  readonly body: string;
}

/** A connection for one request after the other. */
class Client {
  readonly #connection: Deno.TcpConn;
  #text = "";

  constructor(connection: Deno.TcpConn) {
    this.#connection = connection;
  }

  static async connect(port: number): Promise<Client> {
    return new Client(await Deno.connect({ hostname: "127.0.0.1", port }));
  }

  async send(...parts: readonly (string | Uint8Array)[]): Promise<void> {
    for (const part of parts) {
      const bytes = typeof part === "string" ? encoder.encode(part) : part;
      for (let sent = 0; sent < bytes.length;) sent += await this.#connection.write(bytes.subarray(sent));
    }
  }

  /** The next answer; `undefined` if the connection was closed before. @throws {Error} if it was reset, or closed in an answer. */
  async receive(): Promise<Answered | undefined> {
    const buffer = new Uint8Array(4096);
    for (;;) {
      const whole = this.#text.match(/^HTTP\/1\.1 (\d{3}) .*?\r\n\r\n/s);
      const length = Number(whole?.[0].match(/^content-length: (\d+)\r$/im)?.[1] ?? NaN);
      const end = (whole?.[0].length ?? 0) + length;
      if (whole && this.#text.length >= end) {
        const body = this.#text.slice(whole[0].length, end);
        this.#text = this.#text.slice(end);
        const isLast = /^connection: close\r$/im.test(whole[0]);
        return { status: Number(whole[1]), isLast, body };
      }
      const count = await this.#connection.read(buffer);
      if (count === null) {
        assert.equal(this.#text, "", "the answer is cut");
        return undefined;
      }
      this.#text += decoder.decode(buffer.subarray(0, count));
    }
  }

  [Symbol.dispose](): void {
    this.#connection.close();
  }
}

/** Sends requests until an answer is the last one of the connection. @param onAnswer Receives the number of answers. */
async function askUntilClosed(port: number, onAnswer: (answers: number) => void): Promise<number> {
  using client = await Client.connect(port);
  for (let answers = 0;;) {
    await client.send(HEAD, "\r\n", digit(0));
    const answer = await client.receive();
    if (!answer) throw new Error(`no answer after ${answers}, though none was the last one`);
    assert.ok([200, 429, 503].includes(answer.status), String(answer.status));
    answers++;
    onAnswer(answers);
    if (answer.isLast) return answers;
  }
}

/** Opens a connection for every request, until the stopping server refuses one. */
async function askUntilRefused(port: number): Promise<void> {
  for (let status = 200; status !== 503;) {
    using client = await Client.connect(port);
    await client.send(HEAD, "connection: close\r\n\r\n", digit(0));
    const answer = await client.receive();
    assert.ok(answer, "no answer");
    ({ status } = answer);
  }
}

for (const threads of Deno.build.os === "linux" ? [1, 2] : [1]) {
  Deno.test({
    ...named(`serve on ${threads} thread(s) resets no connection when it is stopped under load`, UNBOUNDED),
    async fn() {
      for (let round = 0; round < 3; round++) {
        await withServer(["--threads", `${threads}`], async ({ port, child, stop }) => {
          const { promise: isLoaded, resolve } = Promise.withResolvers<void>();
          let all = 0, connected = 0;
          const onAnswer = (answers: number) => {
            all++;
            if (answers === 1) connected++;
            if (connected === 64 && all >= 64 + 37 * round) resolve();
          };
          const clients = Promise.allSettled([
            ...Array.from({ length: 64 }, () => askUntilClosed(port, onAnswer)),
            ...Array.from({ length: 4 }, () => askUntilRefused(port)),
          ]);
          await Promise.race([isLoaded, clients]);
          child.kill("SIGTERM"); // as a service manager does, to the whole group; `deno task` forwards it
          assert.equal(await stop("SIGTERM"), 0);
          assert.deepEqual(
            (await clients).flatMap((each) => each.status === "rejected" ? [String(each.reason)] : []),
            [],
          );
        });
      }
    },
  });
}

Deno.test({
  ...named(
    "serve answers slow bodies and half heads when it is stopped, within a time limit",
    UNBOUNDED,
  ),
  async fn() {
    await withServer(["--timeout", "3"], async ({ port, stop }) => {
      using body = await Client.connect(port);
      using head = await Client.connect(port);
      using idle = await Client.connect(port);
      using never = await Client.connect(port);
      await body.send(HEAD, "\r\n", digit(0).subarray(0, 100));
      await idle.send(HEAD, "\r\n", digit(0));
      assert.deepEqual(JSON.parse((await idle.receive())!.body), EXPECTED);
      await head.send(HEAD);
      await never.send(HEAD, "\r\n", digit(0).subarray(0, 100));
      const stopped = stop();
      await askUntilRefused(port);
      await body.send(digit(0).subarray(100));
      const answer = await body.receive();
      assert.equal(answer?.isLast, true);
      assert.deepEqual(JSON.parse(answer.body), EXPECTED);
      await head.send("\r\n", digit(0));
      assert.equal((await head.receive())?.isLast, true);
      assert.equal((await never.receive())?.status, 408);
      assert.equal(await idle.receive(), undefined, "it was closed, and not reset");
      assert.equal(await stopped, 0);
    });
  },
});

for (
  const [what, end] of [
    ["one Ctrl-C on a terminal", (terminal: Terminal) => terminal.type(CTRL_C)],
    ["a terminal that is closed", (terminal: Terminal) => terminal.hangUp()],
  ] as const
) {
  Deno.test({
    ...named(`serve answers a request that has begun after ${what}`, NO_TERMINAL ?? UNBOUNDED),
    async fn() {
      await inTemporaryFolder(async (clone) => {
        await makeClone(clone, { train: 10, test: 10 });
        await Deno.writeFile(join(clone, "m.safetensors"), encodeModel(MODEL));
        const terminal = openTerminal(clone, "deno task serve --model m.safetensors --port 0 --log");
        const [, port] = await terminal.appears(/^listening at http:\/\/127\.0\.0\.1:(\d+)$/m);
        using client = await Client.connect(Number(port));
        using other = await Client.connect(Number(port));
        await client.send(HEAD, "\r\n", digit(0).subarray(0, 100));
        await other.send(HEAD, "\r\n", digit(0));
        await other.receive(); // so the server has the first one
        await end(terminal);
        await askUntilRefused(Number(port));
        await client.send(digit(0).subarray(100));
        const answer = await client.receive();
        assert.deepEqual(JSON.parse(answer?.body ?? "null"), EXPECTED);
        for (const each of [client, other]) assert.equal(await each.receive(), undefined);
        if (what.startsWith("one")) {
          assert.ok([0, 130].includes(await terminal.code)); // `deno task` also gets Ctrl-C
          assert.match(terminal.text, /stopped after \d+ requests$/m);
        } else {
          await assert.rejects(async () => {
            for (;;) (await Client.connect(Number(port)))[Symbol.dispose]();
          }, Deno.errors.ConnectionRefused);
        }
      });
    },
  });
}

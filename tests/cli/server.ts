/**
 * Runs the real server in a process, and sends requests to it.
 *
 * @module
 */
import assert from "node:assert/strict";
import { join } from "node:path";
import { encodeModel, type Model, type ModelEncoding } from "../../src/network/model_file.ts";
import { MODEL } from "../serve/served_model.ts";
import { inTemporaryFolder } from "../temporary_folder.ts";
import { command, recordOf } from "./spikelet.ts";

/** A server process. */
export interface Served {
  readonly url: string;
  readonly port: number;
  readonly child: Deno.ChildProcess;
  /** Its standard error, after its end. */
  readonly errors: Promise<string>;
  /** Sends a signal and waits for the end. */
  stop(signal?: Deno.Signal): Promise<number>;
}

/**
 * Starts a server at a free port, and stops it after the test.
 *
 * @param start Makes a call of the command line. @default {`command`}
 * @param model Its model. @default {the small one}
 * @param encoding Of the model's file.
 */
export async function withServer(
  args: readonly string[],
  test: (served: Served) => Promise<void>,
  start: (folder: string, args: readonly string[]) => Deno.Command = command,
  model: Model = MODEL,
  encoding: ModelEncoding = {},
): Promise<void> {
  await inTemporaryFolder(async (folder) => {
    await Deno.mkdir(join(folder, "runs", "small"), { recursive: true });
    await Deno.writeFile(join(folder, "runs", "small", "model.safetensors"), encodeModel(model, encoding));
    const child = start(folder, ["serve", "--model", "small", "--port", "0", "--json", ...args]).spawn();
    const errors = new Response(child.stderr).text();
    const ready = await readLine(child.stdout);
    if (ready === undefined) assert.fail(await errors);
    const { url } = recordOf(JSON.parse(ready));
    const stop = async (signal: Deno.Signal = "SIGTERM") => {
      child.kill(signal);
      return (await child.status).code;
    };
    let hasEnded = false;
    child.status.then(() => hasEnded = true);
    try {
      await test({ url: String(url), port: Number(new URL(String(url)).port), child, errors, stop });
    } finally {
      if (!hasEnded) await stop("SIGKILL");
      await errors;
    }
  });
}

/** The first line of a stream; the rest is read and discarded. */
async function readLine(stream: ReadableStream<Uint8Array>): Promise<string | undefined> {
  const reader = stream.pipeThrough(new TextDecoderStream()).getReader();
  let text = "";
  for (let part; !(part = await reader.read()).done;) {
    text += part.value;
    if (!text.includes("\n")) continue;
    (async () => {
      while (!(await reader.read()).done);
    })();
    return text.slice(0, text.indexOf("\n"));
  }
}

/** Posts digits as bytes, and again after an answer of 429. */
export async function askFor(url: string, body: Uint8Array<ArrayBuffer>): Promise<unknown> {
  const headers = { "content-type": "application/octet-stream" };
  for (let tries = 0; tries < 500; tries++) {
    const response = await fetch(`${url}/classify`, { method: "POST", body, headers });
    const answer = await response.json();
    if (response.status === 200) return answer;
    assert.equal(response.status, 429, JSON.stringify(answer));
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  assert.fail("there was never any room");
}

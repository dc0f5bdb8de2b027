/**
 * The programs that are measured, each in a process of its own.
 *
 * @module
 */
import { fileURLToPath } from "node:url";
import type { Load } from "./load.ts";

const PROJECT = fileURLToPath(new URL("../../", import.meta.url));

/** A server under measurement. */
export interface Measured extends AsyncDisposable {
  readonly url: string;
  readonly port: number;
  /** From the start of the process to the line that tells that it listens. */
  readonly milliseconds: number;
  /** Resident memory now, in MiB. */
  memory(): Promise<number>;
}

/** Starts a program that prints a line with a port when it listens, and kills it when it is no longer needed. */
export async function startServer(program: string, args: readonly string[]): Promise<Measured> {
  const started = performance.now();
  const child = new Deno.Command(program, {
    args: [...args],
    cwd: PROJECT,
    stdin: "null",
    stdout: "piped",
    stderr: "null",
  }).spawn();
  const output = child.stdout.pipeThrough(new TextDecoderStream()).getReader();
  let text = "", port: string | undefined;
  while (port === undefined) {
    const { value, done } = await output.read();
    if (done) throw new Error(`${program} ${args.join(" ")}: it ended with ${(await child.status).code}`);
    text += value;
    port = /"port":(\d+)|http:\/\/127\.0\.0\.1:(\d+)/.exec(text)?.slice(1).find((found) =>
      found !== undefined
    );
  }
  return {
    url: `http://127.0.0.1:${port}`,
    port: Number(port),
    milliseconds: performance.now() - started,
    async memory() {
      const { stdout } = await new Deno.Command("ps", { args: ["-o", "rss=", "-p", `${child.pid}`] })
        .output();
      return Number(new TextDecoder().decode(stdout)) / 1024;
    },
    async [Symbol.asyncDispose]() {
      child.kill("SIGKILL");
      await child.status;
      await output.cancel();
    },
  };
}

/** `deno task serve`, at a free port. */
export function startSpikelet(model: string, args: readonly string[]): Promise<Measured> {
  const permissions = ["--no-prompt", "--allow-read", "--allow-net=127.0.0.1"];
  return startServer(Deno.execPath(), [
    ...["run", ...permissions, "main.ts", "serve", "--model", model, "--port", "0", "--json", "--quiet"],
    ...args,
  ]);
}

/** Bundles a model for the edge. */
export async function bundleModel(model: string, out: string): Promise<void> {
  const { success, stderr } = await new Deno.Command(Deno.execPath(), {
    args: [
      ...["run", "--no-prompt", "--unstable-bundle", "--allow-read", "--allow-write=dist"],
      ...["tools/edge.ts", "--model", model, "--out", out],
    ],
    cwd: PROJECT,
  }).output();
  if (!success) throw new Error(new TextDecoder().decode(stderr));
}

/** Loads a server for some seconds. */
export async function load(url: string, body: string, connections: number, seconds: number): Promise<Load> {
  const { success, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", "--no-config", "bench/serve/load.ts", url, body, `${connections}`, `${seconds}`],
    cwd: PROJECT,
    stdin: "null",
  }).output();
  const decoder = new TextDecoder();
  if (!success) throw new Error(decoder.decode(stderr));
  return JSON.parse(decoder.decode(stdout)); // our own program's, not a stranger's
}

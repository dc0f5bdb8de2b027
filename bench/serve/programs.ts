/** The programs that are measured, each in a process of its own. */
import { fileURLToPath } from "node:url";
import type { Load } from "./load.ts";

const PROJECT = fileURLToPath(new URL("../../", import.meta.url));

/** A server under measurement. */
export interface Measured extends AsyncDisposable {
  readonly url: string;
  /** From the start of the process to the line that tells that it listens. */
  readonly milliseconds: number;
  readonly pid: number;
  /** Resident memory now, in MiB. */
  memory(): Promise<number>;
}

/** Starts a program that prints a line with a port when it listens, and kills it when it is no longer needed. */
export async function startServer(program: string, args: readonly string[]): Promise<Measured> {
  const started = performance.now();
  const quiet = { stdin: "null", stdout: "piped", stderr: "null" } as const;
  const child = new Deno.Command(program, { args: [...args], cwd: PROJECT, ...quiet }).spawn();
  const output = child.stdout.pipeThrough(new TextDecoderStream()).getReader();
  let text = "", port: string | undefined;
  while (port === undefined) {
    const { value, done } = await output.read();
    if (done) throw new Error(`${program} ${args.join(" ")}: it ended with ${(await child.status).code}`);
    text += value;
    port = /(?:"port":|http:\/\/127\.0\.0\.1:)(\d+)/.exec(text)?.[1];
  }
  return {
    url: `http://127.0.0.1:${port}`,
    milliseconds: performance.now() - started,
    pid: child.pid,
    memory: async () => Number(await outputOf("ps", ["-o", "rss=", "-p", `${child.pid}`])) / 1024,
    async [Symbol.asyncDispose]() {
      child.kill("SIGKILL");
      await child.status;
      await output.cancel();
    },
  };
}

/**
 * `deno task serve`, at a free port.
 *
 * @param files The most files that it may open. @default {as many as this process}
 */
export function startSpikelet(model: string, args: readonly string[], files?: number): Promise<Measured> {
  const permissions = ["--no-prompt", "--allow-read", "--allow-net=127.0.0.1"];
  const call = [
    ...["run", ...permissions, "main.ts", "serve", "--model", model, "--port", "0", "--json", "--quiet"],
    ...args,
  ];
  return files === undefined
    ? startServer(Deno.execPath(), call)
    : startServer("sh", ["-c", `ulimit -n ${files}; exec "$0" "$@"`, Deno.execPath(), ...call]);
}

/** Attacks a server from a process of its own (`attack.ts`). @returns The line of JSON that it prints. */
export function attackBy(args: readonly string[]): Promise<string> {
  const shell = 'ulimit -n 4096 2>/dev/null; exec "$0" "$@"'; // the default limit of open files is too low
  return outputOf("sh", ["-c", shell, Deno.execPath(), "run", "-A", "bench/serve/attack.ts", ...args]);
}

/** Bundles a model for the edge. */
export async function bundleModel(model: string, out: string): Promise<void> {
  const permissions = ["--no-prompt", "--unstable-bundle", "--allow-read", "--allow-write=dist"];
  await outputOf(Deno.execPath(), ["run", ...permissions, "tools/edge.ts", "--model", model, "--out", out]);
}

/** Loads a server for some seconds. */
export async function load(url: string, body: string, connections: number, seconds: number): Promise<Load> {
  const program = ["run", "-A", "--no-config", "bench/serve/load.ts"];
  const output = await outputOf(Deno.execPath(), [...program, url, body, `${connections}`, `${seconds}`]);
  return JSON.parse(output); // printed by load.ts
}

/** Files and sockets that a server has open. */
export async function countFiles({ pid }: Measured): Promise<number> {
  return (await outputOf("ls", [`/proc/${pid}/fd`])).trimEnd().split("\n").length;
}

/** Runs a program. @returns Its standard output. @throws {Error} with its standard error when it fails. */
async function outputOf(program: string, args: readonly string[]): Promise<string> {
  const command = new Deno.Command(program, { args: [...args], cwd: PROJECT, stdin: "null" });
  const { success, stdout, stderr } = await command.output(), decoder = new TextDecoder();
  if (!success) throw new Error(decoder.decode(stderr));
  return decoder.decode(stdout);
}

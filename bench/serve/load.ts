/**
 * A load generator, in a process of its own: autocannon, and the time of every answer by its status.
 *
 *     deno run --no-config … bench/serve/load.ts URL BODY CONNECTIONS SECONDS
 *
 * BODY is a file of 784-byte samples, which the requests send one after the other. Prints one line of JSON.
 */
import type { Buffer } from "node:buffer";

/** Not among the project's packages: only this bench needs it. */
const AUTOCANNON = "npm:autocannon@9.0.0";

/** The result of a load. */
export interface Load {
  /** For each status the milliseconds of its answers, in order, without the first one of each connection. */
  readonly latencies: Readonly<Record<string, readonly number[]>>;
  /** Requests without an answer: connections that were reset or timed out. */
  readonly lost: number;
  readonly seconds: number;
}

/** The part of autocannon that is used. */
interface Autocannon {
  (options: {
    url: string;
    connections: number;
    duration: number;
    requests: readonly { method: string; path: string; headers: Record<string, string>; body: Buffer }[];
    setupClient: (client: { on(event: "response", listener: ResponseListener): void }) => void;
  }): Promise<{ errors: number; timeouts: number; duration: number }>;
}

type ResponseListener = (status: number, bytes: number, milliseconds: number) => void;

if (import.meta.main) {
  const { Buffer } = await import("node:buffer");
  const { default: autocannon }: { default: Autocannon } = await import(AUTOCANNON);
  const [url = "", file = "", connections, seconds] = Deno.args;
  const samples = await Deno.readFile(file);
  const requests = Array.from({ length: samples.length / 784 }, (_, i) => ({
    method: "POST",
    path: "/classify",
    headers: { "content-type": "application/octet-stream" },
    body: Buffer.from(samples.subarray(784 * i, 784 * (i + 1))),
  }));
  const latencies: Record<string, number[]> = {};
  const { errors, timeouts, duration } = await autocannon({
    url,
    connections: Number(connections),
    duration: Number(seconds),
    requests,
    setupClient: (client) => {
      let isFirst = true; // its time is that of all connections being made at once
      client.on("response", (status, _bytes, milliseconds) => {
        if (!isFirst) (latencies[status] ??= []).push(milliseconds);
        isFirst = false;
      });
    },
  });
  console.log(JSON.stringify({ latencies, lost: errors + timeouts, seconds: duration } satisfies Load));
  Deno.exit();
}

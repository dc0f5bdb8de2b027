/**
 * Overloads a server with hostile forms, slow bodies and silent connections at once, and measures `GET /health` meanwhile.
 *
 * @module
 */
import { tinyParts } from "./hostile.ts";

/** The measured answers. */
export interface Outcome {
  /** The milliseconds of each `GET /health`, all answered with 200. */
  readonly health: readonly number[];
  /** The number of answers to good requests, by status; 0: no answer. */
  readonly good: ReadonlyMap<number, number>;
  /** The number of answers to the forms, by status. */
  readonly forms: ReadonlyMap<number, number>;
}

/** Bytes of each form: 15,500 parts. */
const FORM_BYTES = 960_000;

/** Sends ten such forms, slow bodies and good requests at once, until each form has had `rounds` answers. */
export async function attack(
  url: string,
  digit: Uint8Array<ArrayBuffer>,
  { rounds, senders }: { readonly rounds: number; readonly senders: number },
): Promise<Outcome> {
  const good = new Map<number, number>(), forms = new Map<number, number>(), health: number[] = [];
  const over = new AbortController();
  const form = new TextEncoder().encode(tinyParts(FORM_BYTES));
  const post = async (counts: Map<number, number>, type: string, body: Uint8Array<ArrayBuffer>) => {
    const headers = { "content-type": type };
    const status = await fetch(`${url}/classify`, { method: "POST", headers, body })
      .then(async (response) => (await response.text(), response.status), () => 0);
    counts.set(status, (counts.get(status) ?? 0) + 1);
  };
  const whileItLasts = async (step: () => Promise<unknown>) => {
    while (!over.signal.aborted) await step();
  };
  const others = [
    ...Array.from(
      { length: senders },
      () => whileItLasts(() => post(good, "application/octet-stream", digit)),
    ),
    ...Array.from({ length: 64 }, () => slowBody(url, over.signal)),
    whileItLasts(async () => {
      const started = performance.now(), response = await fetch(`${url}/health`);
      await response.text();
      if (response.status !== 200) throw new Error(`/health: ${response.status}`);
      health.push(performance.now() - started);
      await new Promise((resolve) => setTimeout(resolve, 5));
    }),
  ];
  for (let round = 0; round < rounds; round++) {
    await Promise.all(
      Array.from({ length: 10 }, () => post(forms, "multipart/form-data; boundary=b", form)),
    );
  }
  over.abort();
  await Promise.all(others);
  return { health, good, forms };
}

/** Announces a body of a megabyte and sends it slowly. */
async function slowBody(url: string, over: AbortSignal): Promise<void> {
  const { hostname, port } = new URL(url);
  using connection = await Deno.connect({ hostname, port: Number(port) });
  const head =
    "POST /classify HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\ncontent-length: 1000000\r\n\r\n";
  try {
    await connection.write(new TextEncoder().encode(head));
    while (!over.aborted) {
      await connection.write(new Uint8Array(4096).fill(0x20));
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  } catch {
    // The server has closed the slow connection.
  }
}

/**
 * Opens connections that send nothing, or half of a request's head.
 *
 * The operating system silently drops some connections if they arrive faster than the server accepts them. Their sender notices
 * when it sends something, as the last ones do.
 *
 * @param patience A time in milliseconds that exceeds the server's limit of silence.
 * @returns When all connections are closed.
 */
export async function silence(port: number, count: number, patience: number): Promise<void> {
  const encoder = new TextEncoder(), half = encoder.encode("GET /health HTTP/1.1\r\nhost: ");
  const rest = encoder.encode("localhost\r\n\r\n");
  const open = new Map<Deno.TcpConn, boolean>();
  const all = Array.from({ length: count }, async (_, i) => {
    using connection = await Deno.connect({ hostname: "127.0.0.1", port });
    open.set(connection, i % 2 === 1);
    try {
      if (i % 2 === 1) await connection.write(half);
      while (await connection.read(new Uint8Array(999)) !== null);
    } catch {
      // Closed before all bytes were read, or dropped.
    }
    open.delete(connection);
  });
  let before = -1;
  const poke = setInterval(async () => {
    if (open.size === before) {
      for (const [connection, isHalf] of open) {
        const writes = isHalf ? [rest] : [half, rest];
        for (const bytes of writes) await connection.write(bytes).catch(() => {});
        if (open.has(connection)) open.set(connection, false);
      }
    }
    before = open.size;
  }, patience);
  await Promise.all(all);
  clearInterval(poke);
}

/** The peak memory of a process, in MiB (Linux). */
export async function mostMemory(pid: number): Promise<number> {
  const { stdout } = await new Deno.Command("grep", { args: ["VmHWM", `/proc/${pid}/status`] }).output();
  return Number(/(\d+) kB/.exec(new TextDecoder().decode(stdout))?.[1]) / 1024;
}

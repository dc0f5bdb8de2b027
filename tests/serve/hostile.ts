/**
 * Hostile requests, byte by byte over TCP, and their expected answers.
 *
 * @module
 */
import { deflateSync } from "node:zlib";
import { forgedFile, greyFile } from "../data/png_files.ts";

/** A request on a new connection. */
export interface Hostile {
  readonly what: string;
  /** Bytes, and pauses in milliseconds between them. */
  readonly parts: readonly (Uint8Array | number)[];
  /** The sender ends its side of the connection. */
  readonly isClosed?: boolean;
  /** The expected statuses; 0: the connection may be closed without an answer, since the request is no HTTP. */
  readonly statuses: readonly number[];
}

const encoder = new TextEncoder();
const text = (value: string) => encoder.encode(value);
const HEAD = "POST /classify HTTP/1.1\r\nhost: localhost\r\n";

/** A request with a whole body. */
function post(
  what: string,
  type: string,
  body: Uint8Array,
  statuses: readonly number[],
  path = "/classify",
): Hostile {
  const head =
    `POST ${path} HTTP/1.1\r\nhost: localhost\r\ncontent-type: ${type}\r\ncontent-length: ${body.length}\r\n\r\n`;
  return { what, parts: [text(head), body], statuses };
}

const PNG = "image/png", BYTES = "application/octet-stream", JSON_TYPE = "application/json";

/**
 * Every kind of hostile request.
 *
 * @param next Gives a number from 0 to below its argument, for sizes and places.
 * @param timeout The server's time limit of a body, in milliseconds.
 * @param mostBytes The server's size limit of a body, 16,384 or more.
 */
export function hostileRequests(
  next: (below: number) => number,
  timeout: number,
  mostBytes: number,
): Hostile[] {
  const noise = (length: number) => Uint8Array.from({ length }, () => next(256));
  const shape = { width: 28, height: 28, depth: 8, colour: 0 } as const;
  const bomb = (megabytes: number) => deflateSync(new Uint8Array(megabytes << 20), { level: 9 });
  const headed = (
    headers: string,
    ...parts: (Uint8Array | number)[]
  ) => [text(`${HEAD}${headers}\r\n`), ...parts];
  const png = greyFile(28, 28, noise(784));
  const pixels = (values: unknown[]) => text(JSON.stringify({ pixels: values }));
  return [
    { what: "noise in place of HTTP", parts: [noise(200 + next(800)), text("\r\n\r\n")], statuses: [400, 0] },
    {
      what: "TLS",
      parts: [Uint8Array.of(22, 3, 1, 0, 200, ...noise(200)), text("\r\n\r\n")],
      statuses: [400, 0],
    },
    {
      what: "a header of a megabyte",
      parts: headed(`x: ${"a".repeat(1_000_000)}\r\n`),
      statuses: [400, 431],
    },
    { what: "ten thousand headers", parts: headed("x: y\r\n".repeat(10_000)), statuses: [400, 415, 431] },
    {
      what: "a path of 60 KB",
      parts: [text(`GET /${"a".repeat(60_000)} HTTP/1.1\r\nhost: localhost\r\n\r\n`)],
      statuses: [404, 414, 431],
    },
    { what: "a zero byte in a header", parts: headed("x: \0\r\ncontent-length: 0\r\n"), statuses: [400] },
    { what: "a length that is no number", parts: headed("content-length: 12a\r\n"), statuses: [400] },
    { what: "a length below 0", parts: headed("content-length: -1\r\n"), statuses: [400] },
    {
      what: "two lengths",
      parts: headed(`content-type: ${BYTES}\r\ncontent-length: 784\r\ncontent-length: 5\r\n`, noise(784)),
      statuses: [400],
    },
    {
      what: "a length and chunks",
      parts: headed(
        `content-type: ${BYTES}\r\ncontent-length: 4\r\ntransfer-encoding: chunked\r\n`,
        text("0\r\n\r\n"),
      ),
      statuses: [400],
    },
    {
      what: "a promise of a terabyte",
      parts: headed(`content-type: ${PNG}\r\ncontent-length: 1099511627776\r\n`, noise(9000)),
      statuses: [413],
    },
    {
      what: "a body that is cut",
      parts: headed(`content-type: ${BYTES}\r\ncontent-length: 784\r\n`, noise(next(784))),
      isClosed: true,
      statuses: [400, 0],
    },
    {
      what: "a body that stops",
      parts: headed(`content-type: ${BYTES}\r\ncontent-length: 784\r\n`, noise(next(784))),
      statuses: [408],
    },
    {
      what: "a body that drips",
      parts: headed(
        `content-type: ${JSON_TYPE}\r\ncontent-length: 9999\r\n`,
        ...Array.from({ length: 24 }, (_, i) => i % 2 === 0 ? timeout / 8 : text(" ")),
      ),
      statuses: [408],
    },
    {
      what: "chunks without an end",
      parts: headed(
        `content-type: ${PNG}\r\ntransfer-encoding: chunked\r\n`,
        ...Array.from(
          { length: Math.ceil(mostBytes / 4096) + 1 },
          () => text(`1000\r\n${"x".repeat(4096)}\r\n`),
        ),
      ),
      statuses: [413],
    },
    {
      what: "chunks of no length",
      parts: headed(`content-type: ${BYTES}\r\ntransfer-encoding: chunked\r\n`, text("zz\r\nabc\r\n")),
      statuses: [400, 0],
    },
    {
      what: "a packed body",
      parts: headed(`content-type: ${BYTES}\r\ncontent-encoding: gzip\r\ncontent-length: 9\r\n`, noise(9)),
      statuses: [415],
    },
    post("too long a body", BYTES, noise(mostBytes + 1 + next(999)), [413]),
    post("the wrong type", "text/html", noise(784), [415]),
    post("noise as PNG", PNG, noise(1 + next(2000)), [400]),
    post("a PNG that is cut", PNG, png.slice(0, 8 + next(png.length - 9)), [400]),
    post(
      "a PNG of a billion pixels",
      PNG,
      forgedFile({ ...shape, width: 65_535, height: 20_000 }, noise(99)),
      [400],
    ),
    post("a PNG that inflates to megabytes", PNG, forgedFile(shape, bomb(1 + next(8))), [400]),
    post("a PNG with a bit flipped", PNG, png.with(20 + next(png.length - 30), next(256)), [200, 400]),
    post("noise as JSON", JSON_TYPE, noise(1 + next(2000)), [400]),
    post("a deep nest", JSON_TYPE, text("[".repeat(mostBytes >> 1) + "]".repeat(mostBytes >> 1)), [400]),
    post("an endless number", JSON_TYPE, text(`{"pixels":[${"9".repeat(mostBytes - 99)}]}`), [400]),
    post("pixels that are objects", JSON_TYPE, pixels(new Array(784).fill({})), [400]),
    post("too few pixels", JSON_TYPE, pixels(new Array(next(784)).fill(0)), [400]),
    post("a byte too few", BYTES, noise(784 * (1 + next(9)) - 1), [400]),
    post(
      "a form without an end",
      "multipart/form-data; boundary=b",
      text("--b\r\ncontent-disposition: form-data; na"),
      [400],
    ),
    post(
      "a form of thousands of files",
      "multipart/form-data; boundary=b",
      text(tinyParts(mostBytes)),
      [400],
    ),
    post("a form of nothing", "multipart/form-data; boundary=b", text("--b--\r\n"), [400]),
    post("a strange seed", BYTES, noise(784), [400], `/classify?seed=${encodeURIComponent("1 OR 1=1")}`),
    post("a path above", BYTES, noise(784), [404], "/../../etc/passwd"),
    {
      what: "another method",
      parts: [text(`BREW /classify HTTP/1.1\r\nhost: localhost\r\n\r\n`)],
      statuses: [400, 404, 405, 501],
    },
    {
      what: "a sender that goes at once",
      parts: headed(`content-length: 784\r\n`),
      isClosed: true,
      statuses: [400, 415, 0],
    },
  ];
}

/** A form of this size with as many parts as possible, each of which costs the server a file. */
export function tinyParts(mostBytes: number): string {
  const part = '--b\r\ncontent-disposition: form-data; name="a"; filename="a"\r\n\r\n\r\n';
  return `${part.repeat(Math.floor((mostBytes - 5) / part.length))}--b--`;
}

/** Sends a request. @returns The status of its answer; 0 if the connection was closed without one. */
export async function statusOf(hostile: Hostile, port: number, hostname = "127.0.0.1"): Promise<number> {
  using connection = await Deno.connect({ hostname, port });
  const status = readStatus(connection);
  try {
    for (const part of hostile.parts) {
      if (typeof part === "number") await new Promise((resolve) => setTimeout(resolve, part));
      else for (let sent = 0; sent < part.length;) sent += await connection.write(part.subarray(sent));
    }
    if (hostile.isClosed) await connection.closeWrite();
  } catch {
    // The server has answered and reads no more.
  }
  return await status;
}

/** As {@linkcode statusOf}, with retries while the server is overloaded. */
export async function statusInTheEnd(hostile: Hostile, port: number): Promise<number> {
  for (;;) {
    const status = await statusOf(hostile, port);
    if (status !== 429) return status;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

async function readStatus(connection: Deno.Conn): Promise<number> {
  const decoder = new TextDecoder(), buffer = new Uint8Array(4096);
  let found = "";
  try {
    for (let count; (count = await connection.read(buffer)) !== null;) {
      found += decoder.decode(buffer.subarray(0, count), { stream: true });
      const status = /^HTTP\/1\.1 (?!100)(\d{3}) /m.exec(found);
      if (status) return Number(status[1]);
    }
  } catch {
    // The server has closed the connection.
  }
  return 0;
}

/**
 * A web server with faults: it writes HTTP to bare connections, so that it can break them.
 *
 * @module
 */

/** A request to the server. */
export interface FileRequest {
  /** Without the leading `/`. */
  readonly path: string;
  /** The first byte of `Range`; 0 without one. */
  readonly offset: number;
  readonly ifRange: string | undefined;
}

/** Faults of an answer. @default {a correct answer} */
export interface Conduct {
  /** Answers with this status, and no file. */
  readonly status?: number;
  /** Headers besides, or in place of, its own; null leaves one out. */
  readonly headers?: Readonly<Record<string, string | null>>;
  /** Another file than the requested one. */
  readonly body?: Uint8Array;
  /** Ignores `Range` and sends the whole file. */
  readonly whole?: boolean;
  /** Sends a range although `If-Range` names another version. */
  readonly careless?: boolean;
  /** Closes the connection after this many bytes of the body. */
  readonly cutAfter?: number;
  /** Stops sending after this many bytes of the body, with the connection open. */
  readonly stallAfter?: number;
  /** Sends one byte at a time, at this interval in milliseconds. */
  readonly trickle?: number;
  /** Sends no answer. */
  readonly mute?: boolean;
}

/** The server. Disposal closes every connection, and waits for their end. */
export interface FileServer extends AsyncDisposable {
  /** The server's address, which ends with a slash. */
  readonly url: string;
  /** All requests so far. */
  readonly requests: readonly FileRequest[];
}

/**
 * Serves files at 127.0.0.1.
 *
 * @param files By path.
 * @param conduct Gives the faults of an answer; `number` counts the requests of the same path from 0.
 */
export function serveFiles(
  files: Readonly<Record<string, Uint8Array>>,
  conduct: (request: FileRequest, number: number) => Conduct = () => ({}),
): FileServer {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const open = new Set<Deno.Conn>();
  const requests: FileRequest[] = [];
  const answer = async (connection: Deno.Conn) => {
    open.add(connection);
    try {
      const request = parseRequest(await readHead(connection));
      const number = requests.filter(({ path }) => path === request.path).length;
      requests.push(request);
      await respond(connection, request, files[request.path], conduct(request, number));
    } catch {
      // The client has closed the connection, or the test has ended.
    } finally {
      open.delete(connection);
      try {
        connection.close();
      } catch {
        // Closed already.
      }
    }
  };
  const answers: Promise<void>[] = [];
  const accepted = (async () => {
    for await (const connection of listener) answers.push(answer(connection));
  })();
  return {
    url: `http://127.0.0.1:${listener.addr.port}/`,
    requests,
    async [Symbol.asyncDispose]() {
      listener.close();
      await accepted;
      for (const connection of open) connection.close();
      await Promise.all(answers);
    },
  };
}

/** A file's ETag here. */
export function etagOf(bytes: Uint8Array): string {
  return `"${bytes.reduce((sum, byte) => (Math.imul(sum, 31) + byte) >>> 0, bytes.length)}"`;
}

async function readHead(connection: Deno.Conn): Promise<string> {
  const chunk = new Uint8Array(4096);
  let head = "";
  while (!head.includes("\r\n\r\n")) {
    const read = await connection.read(chunk);
    if (read === null) throw new Error("no request");
    head += new TextDecoder().decode(chunk.subarray(0, read));
  }
  return head;
}

function parseRequest(head: string): FileRequest {
  const header = (name: string) => RegExp(`^${name}: *(.*)\r$`, "im").exec(head)?.[1];
  return {
    path: /^GET \/(\S*) /.exec(head)?.[1] ?? "",
    offset: Number(/^bytes=(\d+)-$/.exec(header("range") ?? "")?.[1] ?? 0),
    ifRange: header("if-range"),
  };
}

async function respond(
  connection: Deno.Conn,
  { offset, ifRange }: FileRequest,
  file: Uint8Array | undefined,
  conduct: Conduct,
): Promise<void> {
  const { mute, cutAfter = Infinity, stallAfter = Infinity, trickle } = conduct;
  if (mute) return await untilClosed(connection);
  const body = conduct.body ?? file;
  if (conduct.status !== undefined || body === undefined) {
    return await send(
      connection,
      headOf(conduct.status ?? 404, { "content-length": "0", ...conduct.headers }),
    );
  }
  const etag = etagOf(body);
  const range = offset > 0 && !conduct.whole &&
    (conduct.careless || ifRange === undefined || ifRange === etag);
  if (range && offset >= body.length) {
    return await send(
      connection,
      headOf(416, { "content-length": "0", "content-range": `bytes */${body.length}` }),
    );
  }
  const content = range ? body.subarray(offset) : body;
  await send(
    connection,
    headOf(range ? 206 : 200, {
      "content-length": String(content.length),
      ...(range && { "content-range": `bytes ${offset}-${body.length - 1}/${body.length}` }),
      etag,
      ...conduct.headers,
    }),
  );
  const length = Math.min(content.length, cutAfter, stallAfter);
  if (trickle === undefined) await send(connection, content.subarray(0, length));
  for (let i = 0; trickle !== undefined && i < length; i++) {
    await send(connection, content.subarray(i, i + 1));
    await new Promise((resolve) => setTimeout(resolve, trickle));
  }
  if (stallAfter < content.length) await untilClosed(connection);
}

function headOf(status: number, headers: Readonly<Record<string, string | null>>): Uint8Array {
  const lines = Object.entries({ connection: "close", ...headers })
    .flatMap(([name, value]) => value === null ? [] : [`${name}: ${value}\r\n`]);
  return new TextEncoder().encode(`HTTP/1.1 ${status} Test\r\n${lines.join("")}\r\n`);
}

async function send(connection: Deno.Conn, bytes: Uint8Array): Promise<void> {
  for (let sent = 0; sent < bytes.length;) sent += await connection.write(bytes.subarray(sent));
}

async function untilClosed(connection: Deno.Conn): Promise<void> {
  const chunk = new Uint8Array(64);
  while (await connection.read(chunk) !== null);
}

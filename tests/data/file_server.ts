/**
 * A web server that behaves as badly as a test likes: it speaks HTTP over bare connections, so that it can break them.
 *
 * @module
 */

/** A request that the server has got. */
export interface FileRequest {
  /** Without the leading `/`. */
  readonly path: string;
  /** The first byte that `Range` asks for; 0 without one. */
  readonly offset: number;
  readonly ifRange: string | undefined;
}

/** How the server answers; a good server's answer unless told. */
export interface Conduct {
  /** Answers with this status, and no file. */
  readonly status?: number;
  /** Headers besides, or in place of, its own; null leaves one out. */
  readonly headers?: Readonly<Record<string, string | null>>;
  /** The file, where it is not the one that was asked for. */
  readonly body?: Uint8Array;
  /** Knows no `Range` and always sends the whole. */
  readonly whole?: boolean;
  /** Sends a range even where `If-Range` names another version. */
  readonly careless?: boolean;
  /** After so many bytes of the body the connection is closed. */
  readonly cutAfter?: number;
  /** After so many bytes of the body nothing comes any more, and the connection stays open. */
  readonly stallAfter?: number;
  /** One byte at a time, with so many milliseconds between them. */
  readonly trickle?: number;
  /** Does not even answer. */
  readonly mute?: boolean;
}

/** The server; disposing of it closes every connection, and waits until nothing of it is left. */
export interface FileServer extends AsyncDisposable {
  /** With a slash at its end. */
  readonly url: string;
  /** All requests so far. */
  readonly requests: readonly FileRequest[];
}

/**
 * Serves files at 127.0.0.1.
 *
 * @param files By path.
 * @param conduct What to do with a request; its number counts from 0, of the same path.
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
      // The client has gone, or the test is over.
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

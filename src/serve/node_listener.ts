/** Node's HTTP server under Deno, with every connection counted. */
import { createServer as createHttpServer, type IncomingMessage, type ServerResponse } from "node:http";
import { type AddressInfo, createServer as createSocketServer, type Server, type Socket } from "node:net";
import { getRequestListener } from "@hono/node-server";
import { Connections } from "./connections.ts";
import { areDescriptorsSpent } from "./descriptors.ts";
import type { Listener, ListenOptions } from "./listener.ts";
import { count } from "../text/figures.ts";

/** Milliseconds between two checks for idle connections. */
const CHECK_INTERVAL = 1000;
/** Connections that the operating system holds until they are accepted: each of them may need a descriptor at once. */
const BACKLOG = 128;
/** The most bytes of a request's head. */
const HEAD = 32_768;
/** Requests that a connection may have sent before the first of them is answered: each is read, and held, at once. */
const AHEAD = 16;
/** Milliseconds that a closing server waits for requests under way. */
const ACCEPT_PAUSE = 50;
/** After so many milliseconds without a connection, the operating system holds none for this server … */
const QUIET = 100;
/** … but where they keep coming, a closing server waits for so many milliseconds at most. */
const MOST_COMING = 2000;
/** How long a connection that has been closed on this side is still read, in milliseconds. */
const LINGER = 500;

/** Without a `Host` (HTTP/1.0) a request is to this machine. The adapter's own `Response` sends an answer without a stream. */
const ADAPTER = { hostname: "localhost", overrideGlobalObjects: true } as const;
const SOCKETS = { allowHalfOpen: true, noDelay: true } as const;

/** Starts listening. @throws {Error} when the address cannot be had. */
export async function listenByNode(
  { hostname, port, isShared, connections: most, silence, handler }: ListenOptions,
): Promise<Listener> {
  const connections = new Connections<Socket>({ most, silence });
  const closed = Promise.withResolvers<void>();
  /** Requests of each that have begun and are not answered. */
  const pending = new WeakMap<Socket, number>();
  /** Bytes that each had sent when its last request was answered: one that has sent more has begun another request. */
  const answeredAt = new WeakMap<Socket, number>();
  let isClosing = false;

  const answer = getRequestListener(async (request, { incoming, outgoing }) => {
    const response = await handler(request);
    if (isClosing) outgoing.setHeader("connection", "close");
    const bytes = Number(response.headers.get("content-length") ?? 0);
    connections.enter(incoming.socket as Socket, "receiving", performance.now(), bytes);
    return response;
  }, ADAPTER);

  const http = createHttpServer(
    { maxHeaderSize: HEAD, keepAliveTimeout: 0, requestTimeout: 0, headersTimeout: 0 },
    (request: IncomingMessage, response: ServerResponse) => {
      const { socket } = request, ahead = pending.get(socket) ?? 0;
      if (socket.writableEnded) return; // it came after the last answer
      if (ahead >= AHEAD) socket.destroy();
      if (socket.destroyed) return;
      pending.set(socket, ahead + 1);
      connections.enter(socket, hasBody(request) ? "sending" : "answering", performance.now());
      request.once("end", () => {
        if (!response.headersSent) connections.enter(socket, "answering", performance.now());
      });
      response.once("close", () => {
        const left = pending.get(socket)! - 1;
        pending.set(socket, left);
        answeredAt.set(socket, socket.bytesRead);
        connections.enter(socket, left > 0 ? "answering" : "waiting", performance.now());
      });
      answer(request, response);
    },
  );
  http.on("clientError", refuse);
  // This server does not listen itself: it is given connections, and without this would destroy each after its first answer.
  Object.defineProperty(http, "listening", { value: true });

  let accepted = 0, cameAt = 0, wasCrowded = false;
  const accept = (socket: Socket) => {
    accepted++;
    cameAt = performance.now();
    const surplus = connections.add(socket, performance.now());
    surplus?.destroy();
    wasCrowded ||= surplus !== undefined;
    if (surplus === socket) return;
    socket.once("close", () => {
      connections.remove(socket);
      if (isClosing && connections.count === 0) closed.resolve();
    });
    socket.destroySoon = () => closeGently(socket);
    http.emit("connection", socket);
  };
  let server = createSocketServer(SOCKETS, accept);
  const place = await open(server, { hostname, port, isShared });

  const check = setInterval(() => {
    const isSpent = areDescriptorsSpent();
    const overdue = isSpent ? connections.waiting : connections.takeOverdue(performance.now());
    for (const socket of overdue) socket.destroy();
    // A server that has failed to accept a connection, for want of a descriptor, accepts no other one and reports nothing.
    if ((isSpent || wasCrowded) && accepted === 0 && !isClosing) {
      server.close();
      server = createSocketServer(SOCKETS, accept);
      open(server, { ...place, isShared }).catch(() => wasCrowded = true); // the next check tries again
    }
    wasCrowded = isSpent || wasCrowded && accepted > 0;
    accepted = 0;
  }, CHECK_INTERVAL);
  Deno.unrefTimer(check);

  return {
    ...place,
    async drain() {
      isClosing = true;
      await pause(ACCEPT_PAUSE);
    },
    async close() {
      isClosing = true;
      // A connection that is not accepted or not read yet would be reset.
      const began = cameAt = performance.now(), isComing = () => performance.now() - cameAt < QUIET;
      while (isComing() && performance.now() - began < MOST_COMING) await pause(QUIET / 10);
      server.close();
      await pause(ACCEPT_PAUSE);
      for (const socket of connections.waiting) {
        if (socket.bytesRead === (answeredAt.get(socket) ?? 0)) closeGently(socket);
      }
      if (connections.count === 0) closed.resolve();
      await closed.promise;
      clearInterval(check);
    },
  };
}

/**
 * Closes a connection once all has been sent, but keeps reading for a while, such as the body of a request that was refused:
 * bytes that arrive at a closed connection reset it, and its last answer might be lost.
 */
function closeGently(socket: Socket): void {
  socket.end();
  const timer = setTimeout(() => socket.destroy(), LINGER);
  socket.once("close", () => clearTimeout(timer));
}

function pause(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}

/** Waits until it listens. */
function open(
  server: Server,
  { hostname: host, port, isShared }: { hostname: string; port: number; isShared: boolean },
): Promise<{ hostname: string; port: number }> {
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen({ host, port, reusePort: isShared, backlog: BACKLOG }, () => {
      server.off("error", reject);
      const { address, port } = server.address() as AddressInfo;
      resolve({ hostname: address, port });
    });
  });
}

/** Whether a body follows a request's head. */
function hasBody({ headers }: IncomingMessage): boolean {
  return headers["transfer-encoding"] !== undefined || Number(headers["content-length"] ?? 0) > 0;
}

/** Answers bytes that are no HTTP in one line, and closes. */
function refuse(error: Error & { code?: string }, socket: Socket): void {
  if (!socket.writable) return void socket.destroy();
  const isLong = error.code === "HPE_HEADER_OVERFLOW";
  const body = JSON.stringify({
    error: isLong ? `the head is longer than ${count(HEAD)} bytes` : "this is not HTTP/1.1",
  });
  const status = isLong ? "431 Request Header Fields Too Large" : "400 Bad Request";
  socket.end(
    `HTTP/1.1 ${status}\r\ncontent-type: application/json\r\ncontent-length: ${body.length}\r\nconnection: close\r\n\r\n${body}`,
    () => socket.destroy(),
  );
}

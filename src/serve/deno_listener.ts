/** `Deno.serve`, for Deno before 2.9. */
import type { Listener, ListenOptions } from "./listener.ts";

/** After a failure to take a connection, most likely for want of file descriptors, it listens again, in milliseconds. */
const PAUSE = 1000;

/** Starts listening. @throws {Error} when the address cannot be had. */
export function listenByDeno({ hostname, port, isShared, handler }: ListenOptions): Promise<Listener> {
  const serve = (port: number) =>
    Deno.serve({ hostname, port, reusePort: isShared, onListen: () => {} }, handler);
  let server = serve(port), isClosing = false, again: ReturnType<typeof setTimeout> | undefined;
  const { addr } = server;
  const listenOn = () => {
    server.finished.catch(() => {
      if (isClosing) return;
      again = setTimeout(() => {
        try {
          server = serve(addr.port);
        } catch {
          // No descriptor or no port yet: `finished` is rejected as before, and another try follows.
        }
        listenOn();
      }, PAUSE);
    });
  };
  listenOn();
  return Promise.resolve({
    hostname: addr.hostname,
    port: addr.port,
    drain: () => Promise.resolve(), // Deno.serve closes a connection whether or not it has read what was sent
    async close() {
      isClosing = true;
      clearTimeout(again);
      await server.shutdown();
    },
  });
}

/**
 * Listens at an address, under Deno.
 *
 * A public server must count its connections and be able to close idle ones. `Deno.serve` does neither, so this is Node's HTTP
 * server, which gives access to each connection; `Connections` chooses those to close. Before Deno 2.9 that server cannot
 * share a port nor be given a connection: there `Deno.serve` listens, without those bounds.
 */
import { SpikeletError } from "../errors.ts";
import { listenByDeno } from "./deno_listener.ts";
import type { Listener, ListenOptions } from "./listener.ts";
import { listenByNode } from "./node_listener.ts";

const [major = 0, minor = 0] = Deno.version.deno.split(".").map(Number);

/** Whether connections are bounded here, and silent ones closed: from Deno 2.9 on. */
export const IS_BOUNDED = major > 2 || minor >= 9;

/** Starts listening. @throws {SpikeletError} when the address cannot be had. */
export async function listen(options: ListenOptions): Promise<Listener> {
  const { hostname, port } = options;
  try {
    return await (IS_BOUNDED ? listenByNode(options) : listenByDeno(options));
  } catch (error) {
    throw listenError(error, hostname, port);
  }
}

/** Checks that an address is free: with several threads, a second server would share its port with the first unnoticed. */
export function checkAddress(hostname: string, port: number): void {
  try {
    Deno.listen({ hostname, port }).close();
  } catch (error) {
    throw listenError(error, hostname, port);
  }
}

/** An error of the operating system or of Deno's permissions about an address, in one line. */
function listenError(error: unknown, hostname: string, port: number): unknown {
  const address = `${hostname}:${port}`;
  if (error instanceof Deno.errors.AddrInUse) {
    return new SpikeletError(`${address}: this port is taken: choose another --port, or 0 for a free one`);
  }
  if (error instanceof Deno.errors.NotCapable) {
    return new SpikeletError(`${address}: Deno may not listen there; run again with --allow-net=${address}`);
  }
  if (error instanceof Deno.errors.PermissionDenied) {
    return new SpikeletError(`${address}: this user may not listen at this port: choose one above 1023`);
  }
  // A name that stands for no address is a plain Error.
  if (error instanceof Error && !(error instanceof TypeError || error instanceof RangeError)) {
    return new SpikeletError(`${address}: cannot listen there (${error.message}): choose another --host`);
  }
  return error;
}

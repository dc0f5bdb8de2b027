/**
 * Locks a run's folder, prints that, and keeps the lock until it is killed: `deno run lock_holder.ts FOLDER`.
 *
 * @module
 */
import { lockRun } from "../../src/runs/run_lock.ts";

const lock = await lockRun(Deno.args[0] ?? ".");
console.log("locked");
setInterval(() => lock.directory, 1000);

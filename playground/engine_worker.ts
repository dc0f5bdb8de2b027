/**
 * A thread of the WASM engine, where threads can share memory.
 *
 * @module
 */
import "../src/engine/wasm/worker.ts";

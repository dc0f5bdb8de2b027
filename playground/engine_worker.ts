/** A thread of the WASM engine, where threads can share memory. */
import "../src/engine/wasm/worker.ts";

/** The worker that trains. */
/// <reference lib="webworker" />
import { bestVariant } from "../src/engine/wasm/kernels.ts";
import { openPageEngine, shareSamples } from "./logic/engines.ts";
import { Trainer } from "./logic/training.ts";
import type { TrainerMessage, TrainerReply } from "./logic/protocol.ts";
import { fetchKernels } from "./fetch_kernels.ts";

declare const self: DedicatedWorkerGlobalScope;

const kernels = fetchKernels(bestVariant());
kernels.catch(() => {}); // each awaiting call reports the failure
const reply = (message: TrainerReply) => self.postMessage(message);
const trainer = new Trainer({
  open: async (options) =>
    await openPageEngine(options, await kernels, (message) => reply({ kind: "notice", message })),
  reply,
});

self.onmessage = ({ data }: MessageEvent<TrainerMessage>) => {
  trainer.handle(
    data.kind === "data" ? { ...data, train: shareSamples(data.train), test: shareSamples(data.test) } : data,
  );
};

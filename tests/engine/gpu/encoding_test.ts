import { SampleFeatures } from "../../../src/data/augment.ts";
import { encodeRows, packSamples, uploadPixels } from "../../../src/engine/gpu/encoding.ts";
import { DELTA_CHANNELS, type Encoder, inputsOf } from "../../../src/network/encoders.ts";
import { notebookNetwork } from "../../../src/network/presets.ts";
import { drawKey, STREAM } from "../../../src/random.ts";
import { assertClose } from "../../asm/numbers.ts";
import { batchOf } from "../batches.ts";
import { drawSamples, withEncoder } from "../network_cases.ts";
import { encodeSample } from "../reference_network.ts";
import { backendTest } from "./gpu.ts";

const offset = -0.25;
const ENCODERS: readonly Encoder[] = [
  { kind: "noise", offset },
  { kind: "poisson", rate: 0.75, offset },
  { kind: "latency", timing: "linear", threshold: 0.05, offset },
  { kind: "latency", timing: "log", threshold: 0.2, tau: 3, offset },
  ...DELTA_CHANNELS.map((channels) => ({ kind: "delta" as const, threshold: 0.3, channels, offset })),
  { kind: "constant", offset },
  { kind: "direct", offset },
  ...(["constant", "direct"] as const).map((kind) => ({
    kind,
    offset: 0,
    mean: Array.from({ length: 13 }, (_, i) => 0.1 * i - 0.5),
    deviation: [0.3],
  })),
];

for (const encoder of ENCODERS) {
  const name = encoder.kind === "latency"
    ? `latency, ${encoder.timing}`
    : encoder.kind === "delta"
    ? `delta, ${encoder.channels}`
    : "mean" in encoder
    ? `${encoder.kind}, standardised,`
    : encoder.kind;
  backendTest(
    `the encoder ${name} on the device agrees with the reference network`,
    async (backend) => {
      const steps = 7;
      const spec = withEncoder(notebookNetwork({ steps }), encoder, inputsOf(encoder, 13));
      for (const arePixels of [true, false]) {
        const samples = drawSamples(spec, 4, 6, arePixels);
        const batch = batchOf(samples, [5, 0, 3]);
        const sources = new SampleFeatures(17);
        const packed = packSamples(spec, batch, { sources, count: 4, seed: 17 }); // the fourth is padding
        const [found] = await backend.read(encodeRows(backend, spec, uploadPixels(backend, spec), packed));
        const expected = [...batch.indices].flatMap((index) => {
          const rows = encodeSample(spec, samples, index, drawKey(17, STREAM.training, 1, index));
          return (encoder.kind === "constant" ? rows.slice(0, 1) : rows).flatMap((row) => [...row]);
        });
        const isSpiking = ["poisson", "latency", "delta"].includes(encoder.kind);
        const tolerance = isSpiking ? { relative: 0, absolute: 0 } : { relative: 1e-5, absolute: 1e-7 };
        assertClose(found.subarray(0, expected.length), expected, arePixels ? "pixels" : "floats", tolerance);
      }
    },
  );
}

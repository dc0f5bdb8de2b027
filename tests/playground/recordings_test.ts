import assert from "node:assert/strict";
import { parseTensors } from "../../src/data/tensor_file.ts";
import { Classifier } from "../../src/classify/classifier.ts";
import { bytesOfModel } from "../../src/engine/model_options.ts";
import { InputError } from "../../src/errors.ts";
import { encodeModel, type Model } from "../../src/network/model_file.ts";
import { lifNetwork, notebookNetwork } from "../../src/network/presets.ts";
import { kindOfFile } from "../../playground/logic/file_kind.ts";
import { Inspector } from "../../playground/logic/inspector.ts";
import { fitRecordings, frameOf, recordingAt } from "../../playground/logic/recordings.ts";
import { areEvents } from "../../src/data/events.ts";
import { kernels, modelOf } from "../serve/served_model.ts";
import {
  channelFile,
  CHANNELS,
  COLUMNS,
  frameFile,
  FRAMES,
  ROWS,
  STEPS,
  swipeModel,
  SWIPES,
} from "./recorded.ts";

/** Recordings of a file, for a model. */
const recordingsOf = (model: Model, file: Uint8Array) =>
  fitRecordings(model, "the model", parseTensors(file, "swipes.safetensors"));

Deno.test("Inspector gives the bits of a Classifier's answer to recordings: events, numbers, shorter ones", () => {
  const inspector = new Inspector(kernels), lengths = [7, 3, 5, 1, 7, 6];
  const files = [[FRAMES, frameFile(6)], [FRAMES, frameFile(6, lengths)], [CHANNELS, channelFile(6)], [
    CHANNELS,
    channelFile(6, 5),
  ]] as const;
  for (const [spec, file] of files) {
    const model = swipeModel(spec), classifier = new Classifier(model, { kernels });
    const samples = recordingsOf(model, file);
    for (let at = 0; at < samples.count; at++) {
      const { features, bytes, steps } = recordingAt(samples, at);
      const { label, probabilities, spikes, trace, steps: computed } = inspector.inspect({
        ...{ spec, parameters: model.parameters, seed: 5, precision: "f32", features, bytes },
      });
      const answer = classifier.classify(features);
      assert.deepEqual([label, probabilities, spikes], [answer.label, answer.probabilities, answer.spikes]);
      assert.equal(computed, steps);
      assert.equal(trace.spikes[0]!.length % steps, 0);
      assert.equal(trace.spikes[0]!.reduce((sum, spike) => sum + spike, 0), spikes);
    }
  }
});

Deno.test("Inspector refuses a recording of other channels, and one that is too long", () => {
  const inspector = new Inspector(kernels), { spec, parameters } = swipeModel(CHANNELS);
  for (const length of [7, 4 * 10]) {
    const features = new Float32Array(length);
    assert.throws(
      () => inspector.inspect({ spec, parameters, seed: 0, precision: "f32", features }),
      RangeError,
    );
  }
});

Deno.test("recordingAt() gives all numbers of events, without what comes after the end", () => {
  const samples = recordingsOf(swipeModel(FRAMES), frameFile(4, [7, 3, 2, 7]));
  assert.ok(areEvents(samples.features));
  const { features, bytes, steps, label } = recordingAt(samples, 1), size = 2 * ROWS * COLUMNS;
  assert.deepEqual([bytes, steps, label, features.length], ["numbers", 3, 1, 3 * size]);
  const ones = [...features].flatMap((value, at) => value === 1 ? [at] : []);
  assert.deepEqual(
    ones,
    [0, 1, 2].flatMap((step) => {
      const at = step * size + 2 * COLUMNS + step + 1;
      return [at, at + ROWS * COLUMNS - 1];
    }),
  );
});

Deno.test("fitRecordings() gives classes the labels that the network has for their names", () => {
  const model = { ...swipeModel(CHANNELS), classes: SWIPES.toReversed() };
  const samples = recordingsOf(model, channelFile(3));
  assert.deepEqual([...samples.labels], [2, 1, 0]);
});

Deno.test("fitRecordings() says in one line why a network does not read a file", () => {
  const advice = "drop a model that was trained on such recordings first";
  const frames = swipeModel(FRAMES), channels = swipeModel(CHANNELS), digits = modelOf(notebookNetwork());
  const cases: readonly (readonly [Model, Uint8Array, string])[] = [
    [digits, channelFile(3, 20, 6), `sequences of 20 × 6: this network takes pictures of 28 × 28: ${advice}`],
    [
      digits,
      frameFile(3, [2, 4, 3]),
      `sequences of up to 4 × 2 × 6 × 9: this network takes pictures of 28 × 28: ${advice}`,
    ],
    [
      channels,
      channelFile(3, 9, 5),
      `sequences of 9 × 5: this network takes sequences of up to 9 × 4: ${advice}`,
    ],
    [
      channels,
      channelFile(3, 10),
      `sequences of 10 × 4: this network takes sequences of up to 9 × 4: ${advice}`,
    ],
    [
      frames,
      channelFile(3),
      `sequences of 9 × 4: this network takes sequences of up to 7 × 2 × 6 × 9: ${advice}`,
    ],
    [
      modelOf(lifNetwork({ inputs: 10 })),
      channelFile(3),
      `sequences of 9 × 4: this network takes 10 numbers a sample: ${advice}`,
    ],
  ];
  for (const [model, file, message] of cases) {
    assert.throws(() => recordingsOf(model, file), new InputError(`swipes.safetensors: ${message}`));
  }
  const two = { ...swipeModel(CHANNELS), classes: ["left swipe", "tap", "none"] };
  assert.throws(
    () => recordingsOf(two, channelFile(3)),
    /^InputError: the model: it has no class right swipe, .*: drop /,
  );
  const pixels = { ...swipeModel(FRAMES), metadata: { bytes: "pixels" } };
  assert.equal(bytesOfModel(pixels), "pixels");
  assert.throws(() => recordingsOf(pixels, frameFile(60)), /it learned from bytes that are pixels/);
});

Deno.test("frameOf() is what the recordings say, or else the network", () => {
  assert.deepEqual(frameOf(FRAMES), { channels: 2, rows: ROWS, columns: COLUMNS });
  assert.deepEqual(frameOf(CHANNELS, { frame: { rows: 2, columns: 2 } }), {
    channels: 1,
    rows: 2,
    columns: 2,
  });
  assert.equal(frameOf(CHANNELS), undefined);
  const spec = { ...FRAMES, input: { ...FRAMES.input, encoder: { kind: "delta", channels: "both" } } };
  assert.deepEqual(frameOf(spec as typeof FRAMES), { channels: 1, rows: ROWS, columns: COLUMNS });
});

Deno.test("kindOfFile() tells models, recordings and other files by what they hold", () => {
  const kind = (file: Uint8Array) => kindOfFile(file, file.length);
  assert.equal(kind(encodeModel(swipeModel(FRAMES))), "model");
  assert.equal(kind(frameFile(STEPS)), "recordings");
  assert.equal(kind(frameFile(STEPS).slice(0, -1)), "other");
  assert.equal(kind(new TextEncoder().encode("no file of tensors")), "other");
});

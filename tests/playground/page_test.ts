import assert from "node:assert/strict";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { Classifier } from "../../src/classify/classifier.ts";
import { loadMnist, type Split } from "../../src/data/mnist.ts";
import type { Samples } from "../../src/data/samples.ts";
import { parseTensors } from "../../src/data/tensor_file.ts";
import type { Parameters } from "../../src/engine/engine.ts";
import { loadKernels } from "../../src/engine/wasm/load.ts";
import { createWasmEngine } from "../../src/engine/wasm/wasm_engine.ts";
import { affine, conv2d, flatten, integrator, lif, maxPool2d, network } from "../../src/network/builder.ts";
import { initialParameters } from "../../src/network/initialise.ts";
import { decodeModel, encodeModel, hashParameters } from "../../src/network/model_file.ts";
import { lifNetwork, notebookNetwork } from "../../src/network/presets.ts";
import { recordingAt } from "../../playground/logic/recordings.ts";
import { SUBSET } from "../../playground/logic/subset.ts";
import { evaluate, train } from "../../src/training/trainer.ts";
import type { NetworkSpec } from "../../src/network/spec.ts";
import { assertClose } from "../asm/numbers.ts";
import { idxBytes } from "../data/idx_files.ts";
import { hasChromium, WITHOUT_CHROMIUM } from "../chromium.ts";
import { assertOneLine, type Outcome, PROJECT, recordOf, spikeletJson } from "../cli/spikelet.ts";
import { named, NO_TOOLS } from "../deno_version.ts";
import { noticesIn } from "../licenses/read_notices.ts";
import { percent } from "../../src/report/words.ts";
import { colourFile, kernels } from "../serve/served_model.ts";
import { inTemporaryFolder } from "../temporary_folder.ts";
import { channelFile, CHANNELS, frameFile, FRAMES, swipeModel, SWIPES } from "./recorded.ts";
import type { Visits } from "./visit.ts";
import type { SeenRecording } from "./visit_recordings.ts";

/** Runs a program of the project to its end. */
async function run(args: readonly string[]): Promise<Outcome> {
  const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "--no-prompt", ...args],
    cwd: PROJECT,
    stdin: "null",
  }).output();
  const decoder = new TextDecoder();
  return { code, stdout: decoder.decode(stdout), stderr: decoder.decode(stderr) };
}

/** Builds the page as its task does. */
const build = (folder: string, args: readonly string[]) =>
  run(["--unstable-bundle", "--allow-read", `--allow-write=${folder}`, "tools/page.ts", ...args]);

/** The digits beside the page. */
async function subset(split: Split): Promise<Samples> {
  const { features, labels, ...samples } = await loadMnist(undefined, split), count = SUBSET[split];
  return { ...samples, count, features: features.slice(0, 784 * count), labels: labels.slice(0, count) };
}

/** Trains as the page does, under Deno, and evaluates. */
async function trainedHere(
  spec: NetworkSpec,
  { epochs, batchSize }: { readonly epochs: number; readonly batchSize: number },
): Promise<{ parameters: Parameters; weightsSha256: string; accuracy: string }> {
  using engine = createWasmEngine({ spec, kernels: await loadKernels(), threads: 1, batchSize });
  await engine.setParameters(initialParameters(spec, 0));
  const step = { learningRate: 0.1, momentum: 0.5 };
  await train(engine, { samples: await subset("train"), epochs, batchSize, step, seed: 0 });
  const parameters = await engine.getParameters();
  return {
    parameters,
    weightsSha256: await hashParameters(parameters),
    accuracy: String((await evaluate(engine, await subset("test"), batchSize)).accuracy),
  };
}

/** Data of twelve classes, more than the ten of the page's own data. */
async function writeLetters(folder: string): Promise<void> {
  await Deno.mkdir(folder);
  for (const [part, count] of [["train", 24], ["t10k", 12]] as const) {
    const pixels = new Uint8Array(28 * 28 * count).fill(90);
    const labels = Array.from({ length: count }, (_, i) => i % 12);
    await Deno.writeFile(join(folder, `${part}-images-idx3-ubyte`), idxBytes([count, 28, 28], pixels));
    await Deno.writeFile(join(folder, `${part}-labels-idx1-ubyte`), idxBytes([count], labels));
  }
}

/** Models of sequences, and recordings for them; a file of recordings that is cut short, and what is no picture of one. */
async function writeRecordings(folder: string) {
  const files = {
    swipes: { model: swipeModel(FRAMES), file: frameFile(6) },
    waves: { model: swipeModel(CHANNELS), file: channelFile(4, 5) },
  };
  for (const [name, { model, file }] of Object.entries(files)) {
    await Deno.writeFile(join(folder, `${name}-model.safetensors`), encodeModel(model));
    await Deno.writeFile(join(folder, `${name}.safetensors`), file);
  }
  await Deno.writeFile(join(folder, "cut.safetensors"), files.swipes.file.slice(0, -100));
  await Deno.writeFile(join(folder, "one.png"), colourFile(0));
  const { swipes, waves } = files;
  return {
    swipes: { model: swipes.model, samples: parseTensors(swipes.file, "swipes") },
    waves: { model: waves.model, samples: parseTensors(waves.file, "waves") },
  };
}

/** The network for WebGPU: the notebook's, small enough for an adapter on the CPU. */
const SMALL = notebookNetwork({ hidden: 20, steps: 8 });

/** A convolutional network for pictures of so many channels. */
const convolutional = (channels: number) =>
  network({
    steps: 3,
    input: { shape: [channels, 28, 28], encoder: { kind: "constant" } },
    nodes: [
      ...[
        conv2d(6, 5, { stride: 2 }),
        lif({ threshold: 0.3 }),
        maxPool2d(2),
        conv2d(8, 3),
        lif({ threshold: 0.2 }),
      ],
      ...[flatten(), affine(10), integrator()],
    ],
  });

/** Names that the page must escape and shorten. */
const NAMES = ["<b>circle</b>", "square\u001b[2J", "t".repeat(60)];

const reason = NO_TOOLS ?? (hasChromium ? undefined : WITHOUT_CHROMIUM);
Deno.test({
  ...named("the page trains, answers drawings, saves and loads in Chromium", reason),
  async fn(t) {
    await inTemporaryFolder(async (folder) => {
      const page = join(folder, "page"), file = (name: string) => join(folder, name);
      const built = await build(folder, ["--out", page, "--quiet"]);
      assert.equal(built.code, 0, built.stderr);
      await Deno.writeTextFile(file("damaged.safetensors"), "no model");
      const untrained = {
        spec: SMALL,
        parameters: initialParameters(SMALL, 0),
        metadata: { accuracy: "0.1" },
      };
      await Deno.writeFile(file("small.safetensors"), encodeModel(untrained));
      const other = lifNetwork({ hidden: 20, classes: 30 });
      await Deno.writeFile(
        file("other.safetensors"),
        encodeModel({
          spec: other,
          parameters: initialParameters(other, 0),
          classes: Array.from({ length: 30 }, (_, i) => NAMES[i] ?? `shape ${i}`),
          metadata: { model: "lif" },
        }),
      );
      const convolutions = [["colours", 3], ["conv", 1]] as const;
      const models = convolutions.map(([, channels]) => {
        const spec = convolutional(channels);
        return { spec, parameters: initialParameters(spec, 0), metadata: { bytes: "pixels" } };
      });
      for (const [i, [name]] of convolutions.entries()) {
        await Deno.writeFile(file(`${name}.safetensors`), encodeModel(models[i]!));
      }
      await writeLetters(file("letters"));
      const recorded = await writeRecordings(folder);
      const visit = fileURLToPath(new URL("visit.ts", import.meta.url));
      const { code, stdout, stderr } = await run(["-A", visit, page, folder]);
      assert.equal(code, 0, stderr);
      const {
        first,
        jumpsOnPhone,
        friend,
        mouse,
        maps,
        recordings,
        pointing,
        keyboard,
        isolated,
        finger,
        webGpu,
        forced,
        file: opened,
        complaints,
        strangers,
      }: Visits = JSON.parse(stdout);
      const model = decodeModel(await Deno.readFile(file("saved.safetensors")), "saved");

      await t.step("it arrives at a trained network that moves, within 600 KB, and does not jump", () => {
        assert.ok(first.bytes > 100_000 && first.bytes <= 600_000, `${first.bytes} bytes`);
        assert.notEqual(first.frames[0], first.frames[1]);
        assert.match(
          first.status,
          /^Trained for \d+ seconds, right on 9\d\.\d\s% of new digits; press ↻ to watch it learn from nothing\.$/,
        );
        for (const jumps of [first.jumps, ...jumpsOnPhone]) assert.ok(jumps < 0.02, `CLS ${jumps}`);
      });
      await t.step("who points at a unit sees its weights, its links and its potential", () => {
        assert.match(friend.texts[1]!, /^Neuron \d+: its potential .*(no spike|\d+ spikes?) in 50 steps$/);
        assert.notEqual(friend.texts[0], friend.texts[1]);
        assert.equal(friend.overlay, 1);
        assert.ok(friend.links > 200);
        assert.match(keyboard.pointed[0], /^unit \d+$/);
        assert.match(keyboard.pointed[1], new RegExp(`^Neuron ${keyboard.pointed[0].slice(5)}:`));
        assert.equal(keyboard.pointed[2], 1);
      });
      await t.step("a click keeps a unit until it is let go, on its own row after training, too", () => {
        const [first, kept, other, again, gone] = pointing.desk;
        assert.match(first!.text, /^Neuron \d+, which speaks for 7: /);
        assert.deepEqual([first!.spoken, first!.help], ["none", ""]);
        assert.match(
          kept!.help,
          /^On the pad is what it looks for: .* Press it again, or Escape, to let go\.$/,
        );
        assert.match(kept!.text, new RegExp(`^Neuron ${kept!.spoken.slice(5)}: `));
        // A mouse looks at another meanwhile.
        assert.notEqual(other!.text, kept!.text);
        assert.doesNotMatch(other!.help, /let go/);
        assert.deepEqual(again, kept);
        assert.deepEqual(gone, first);
        const [before, after] = pointing.kept;
        assert.equal(before.spoken, after.spoken);
        assert.match(after.text, new RegExp(`^Neuron ${after.spoken.slice(5)}: `));
        assert.notEqual(before.mark, after.mark, "its row is another one");
        assert.deepEqual([first, kept, before, after].map((unit) => unit!.isLit), [false, true, true, true]);
      });
      await t.step("a drawing replaces a digit that was shown, and lets go of the unit", () => {
        assert.equal(pointing.drawn.help, "");
        assert.equal(pointing.ink[0], pointing.ink[1]);
      });
      await t.step("the network of the beginning can be brought back", () => {
        assert.deepEqual(pointing.offered, [false, true]);
        assert.match(pointing.network, /^784–100–10, 50 steps: the built-in network$/);
      });
      await t.step("a click draws a dot, a dropped picture is read, and an answer has its costs", () => {
        assert.ok(friend.dot > 200);
        assert.match(friend.dropped, /^The network says \d, /);
        assert.match(
          friend.costs,
          /^With spikes[\d,]+ operations: .* and 5,500 for potentials that leak.*79,400 multiply-adds/,
        );
      });
      await t.step("a network that does not fire says why and what to press", () => {
        assert.match(
          friend.silent[0]!,
          /^No neuron fired: the highest potential was \d\.\d\d\. Its constants were changed\.$/,
        );
        assert.equal(friend.silent[1], "Reset the constants");
      });
      await t.step(
        "a link brings back drawing and constants, a damaged one says so; a picture is saved",
        () => {
          assert.match(friend.verdicts[0]!, /spikes$/);
          assert.equal(friend.verdicts[0], friend.verdicts[1]);
          assert.match(friend.damaged, /^this link is damaged: its drawing cannot be read/);
          assert.deepEqual(friend.png, [..."PNG"].map((letter) => letter.charCodeAt(0)));
          assert.deepEqual([friend.toast, friend.overflows], [true, [0, 0, 0]]);
        },
      );
      await t.step("opened as a file it says how to serve it, but not if it is served", () => {
        assert.match(
          opened.says,
          /^This page needs scripts and a server\. If it was opened as a file, start python3 -m http\.server in /,
        );
        assert.equal(opened.whenServed, 0);
      });
      await t.step("its footer links to the licences of its packages and digits", async () => {
        assert.match(
          await Deno.readTextFile(join(page, "index.html")),
          /<a href="LICENSES\.txt">Licences<\/a>/,
        );
        const titles = [...noticesIn(await Deno.readTextFile(join(page, "LICENSES.txt"))).keys()].join("\n");
        for (const part of ["MNIST", "@observablehq/plot", "d3-array", "@tensorflow/tfjs-core", "valibot"]) {
          assert.match(titles, new RegExp(`^${part} `, "m"));
        }
      });
      await t.step("training pauses, resumes, ends and draws its curves", () => {
        assert.equal(mouse.paused, "Paused.");
        assert.match(
          mouse.status,
          /^Done after 8 epochs of [\d,]+ digits: right on \d+\.\d % of 1,000 new ones\.$/,
        );
        assert.ok(mouse.curves > 1);
      });
      await t.step("a drawn digit changes the spike raster and is classified", () => {
        assert.notEqual(...mouse.rasters);
        assert.match(mouse.announcement, /^The network says \d, \d+\.\d %\.$/);
      });
      await t.step("the answer is that of a Classifier under Deno", async () => {
        const classifier = new Classifier(model, { kernels: await loadKernels("plain") });
        const { label, name, probabilities, spikes } = classifier.classify(Uint8Array.from(mouse.drawn));
        const share = `${(100 * probabilities[label]!).toFixed(1)} %`;
        assert.equal(mouse.announcement, `The network says ${name}, ${share}.`);
        assert.match(
          mouse.tuned[0],
          new RegExp(`^(with|unsure:) ${share}.*, by ${spikes.toLocaleString("en")} spikes$`),
        );
      });
      await t.step(
        "a loaded convolutional network answers as a Classifier does, and shows its feature maps",
        async () => {
          for (const [i, { announcement, alpha, red, maps: canvases }] of maps.loaded.entries()) {
            const classifier = new Classifier(models[i]!, { kernels: await loadKernels("plain") });
            // White ink whose opacity is the brightness, or, of colours, the same in each channel.
            const pixels = i === 0 ? [...red, ...red, ...red] : alpha;
            const { name, label, probabilities } = classifier.classify(Uint8Array.from(pixels));
            assert.equal(
              announcement,
              `The network says ${name}, ${(100 * probabilities[label]!).toFixed(1)} %.`,
            );
            assert.equal(canvases.length, 2);
            assert.match(
              canvases[0]!,
              /^6 maps of layer 1 \(lif1\): [\d,]+ spikes?, [\d.]+\s% fire at a step$/,
            );
          }
          assert.notEqual(...maps.pictures);
          assert.match(
            maps.preset.network,
            /^1×28×28–24×12×12–64×4×4–128–10, 2 steps: the conv-wide network/,
          );
          assert.deepEqual(maps.preset.off, ["hidden"]);
        },
      );
      await t.step("a convolutional network trains on the page, and is saved", async () => {
        assert.match(maps.status, /^Done after 1 epoch of /);
        const { spec, parameters } = decodeModel(
          await Deno.readFile(file("conv-trained.safetensors")),
          "trained",
        );
        assert.deepEqual(spec, models[1]!.spec);
        assert.notEqual(await hashParameters(parameters), await hashParameters(models[1]!.parameters));
      });
      await t.step("a slider changes the spikes at once, and its reset restores them", () => {
        assert.notEqual(mouse.tuned[0], mouse.tuned[1]);
        assert.equal(mouse.tuned[0], mouse.tuned[2]);
      });
      await t.step(
        "training gives the bits of the same training under Deno, with and without threads",
        async () => {
          const { parameters: _, ...expected } = await trainedHere(notebookNetwork({ hidden: 50 }), {
            epochs: 8,
            batchSize: 250,
          });
          assert.equal(await hashParameters(model.parameters), expected.weightsSha256);
          assert.equal(model.metadata.weightsSha256, expected.weightsSha256);
          const threads = decodeModel(await Deno.readFile(file("isolated.safetensors")), "isolated");
          const { weightsSha256, accuracy } = threads.metadata;
          assert.deepEqual({ weightsSha256, accuracy }, expected);
          assert.match(
            isolated.note,
            new RegExp(`^WASM works on ${navigator.hardwareConcurrency} threads?\\.`),
          );
        },
      );
      await t.step("training on WebGPU agrees with WASM on weights", async () => {
        const { parameters } = decodeModel(await Deno.readFile(file("webgpu.safetensors")), "webgpu");
        const expected = await trainedHere(SMALL, { epochs: 1, batchSize: 1000 });
        assert.notEqual(expected.weightsSha256, await hashParameters(untrained.parameters));
        for (const [name, values] of expected.parameters) {
          assertClose(parameters.get(name)!, values, name, { relative: 0, absolute: 1e-5 });
        }
        assert.match(
          webGpu.note,
          /^WASM works on 1 thread\. WebGPU's adapter computes on the CPU \(.+\), slower than WASM\.$/,
        );
        assert.match(webGpu.engine, /^WebGPU on .+, a software adapter\.$/);
        assert.equal(webGpu.alert, "");
      });
      await t.step("classes have the model's names, escaped and whole", () => {
        const { names, verdict } = mouse.loaded;
        assert.deepEqual(names.slice(0, 4), [
          "<b>circle</b>",
          "square\\u{1b}[2J",
          "t".repeat(60),
          "shape 3",
        ]);
        assert.equal(names.length, 30);
        assert.ok(names.includes(verdict), verdict);
        assert.deepEqual(
          model.classes,
          ["0", "1", "2", "3", "4", "5", "6", "7", "8", "9"],
          "of the page's own digits",
        );
      });
      await t.step("a saved model loads with the same bits, and evaluate reads it", async () => {
        assert.deepEqual(
          await Deno.readFile(file("again.safetensors")),
          await Deno.readFile(file("saved.safetensors")),
        );
        assert.match(mouse.network[2], /^784–50–10, 128 steps: saved\.safetensors$/);
        const evaluated = await spikeletJson(folder, [
          "evaluate",
          "saved.safetensors",
          "--engine",
          "wasm",
          "--json",
        ]);
        assert.equal(recordOf(evaluated.test).total, 10_000);
      });
      await t.step("a model saved during training has no results of older weights", async () => {
        const midst = decodeModel(await Deno.readFile(file("midst.safetensors")), "midst");
        assert.notEqual(midst.metadata.weightsSha256, await hashParameters(untrained.parameters));
        assert.equal(midst.metadata.accuracy, undefined);
      });
      await t.step("a loaded model keeps its sizes and trains by the recipe of its preset", () => {
        assert.deepEqual([mouse.loaded.off, mouse.loaded.rate], [["hidden"], "0.001"]);
      });
      await t.step("training cannot begin while dropped files are read", () => {
        assert.equal(mouse.trainsWhileReading, false);
      });
      await t.step(
        "with forced colours ink, bars and keys keep theirs; an invalid field begins no training",
        () => {
          assert.equal(forced.backgrounds[0], "rgb(0, 0, 0)");
          assert.equal(forced.backgrounds[1], "rgb(0, 0, 0)");
          for (const background of forced.backgrounds) assert.notEqual(background, "rgb(255, 255, 255)");
          assert.match(forced.status, /^Not trained yet\./);
        },
      );
      await t.step("damaged files are refused with one line each, and the network stays", () => {
        assert.match(mouse.refusals[0]!, /^damaged\.safetensors: its header /);
        assert.match(mouse.refusals[1]!, /^damaged\.safetensors: its header /);
        assert.equal(mouse.network[0], mouse.network[1]);
      });
      await t.step("data that do not fit the network are refused with what to do", () => {
        assert.equal(
          mouse.refusals[2],
          "small.safetensors, trained further: its network has 10 classes, but train-labels-idx1-ubyte has label 10 at 10: " +
            "take another network",
        );
      });
      await t.step("recordings without a model, damaged or others are refused, and nothing is lost", () => {
        const advice = "drop a model that was trained on such recordings first";
        assert.deepEqual(recordings.refusals.slice(0, 4), [
          `swipes.safetensors: sequences of 7 × 2 × 6 × 9: this network takes pictures of 28 × 28: ${advice}`,
          recordings.refusals[1]!,
          `waves.safetensors: sequences of 5 × 4: this network takes sequences of up to 7 × 2 × 6 × 9: ${advice}`,
          "one.png: a picture: this network reads recordings: drop a file of samples",
        ]);
        assert.deepEqual(recordings.refusals.slice(4), [
          recordings.refusals[1],
          "swipes-model.safetensors: expected one model and one file of recordings at a time",
        ]);
        assert.match(recordings.refusals[1]!, /^cut\.safetensors: .*cut short/);
        assert.equal(recordings.network[0], recordings.network[1]);
      });
      await t.step("a model of sequences is told apart from digits, and a preset brings these back", () => {
        assert.deepEqual(recordings.waiting, {
          texts: [
            "Drop a recording.",
            "Drop a recording (.safetensors of samples) anywhere on this page.",
            "drop a recording here",
            "Next recording",
          ],
          seen: ["recording", "no-training"],
        });
        assert.deepEqual(recordings.digits.texts, [
          "Draw a digit.",
          "Not trained yet. Press ↻ Watch it learn.",
          "draw here",
          "Next digit",
        ]);
        assert.deepEqual(recordings.digits.seen, ["relearn", "train", "fresh", "pad", "seen-figure"]);
        assert.match(recordings.digits.announcement, /^The network says \d, /);
      });
      await t.step("a dropped recording has a Classifier's answer, and is shown step by step", () => {
        const seen = (name: "swipes" | "waves", at: number) => {
          const { model, samples } = recorded[name], { features, label: own } = recordingAt(samples, at);
          const { label, probabilities } = new Classifier(model, { kernels }).classify(features);
          return {
            source: `Recording ${at + 1} of ${samples.count}: it is a ${SWIPES[own]}.`,
            announcement: `The network says ${SWIPES[label]}, ${percent(probabilities[label]!, 1)}.`,
          };
        };
        const plain = ({ source, announcement }: SeenRecording) => ({
          source,
          announcement: announcement.replaceAll("\u00a0", " "),
        });
        assert.deepEqual(
          recordings.frames.map(plain),
          [0, 1, 2].map((at) => plain(seen("swipes", at))),
        );
        assert.deepEqual(plain(recordings.channels), plain(seen("waves", 0)));
        assert.deepEqual(recordings.left, { isOffered: false, source: " " });
        assert.deepEqual(recordings.back, recordings.channels);
        assert.equal(recordings.step, "5 of 5");
        for (const pictures of [recordings.pictures, recordings.rasters]) {
          assert.equal(new Set(pictures).size, 3);
        }
        assert.deepEqual(recordings.fields, [1, 0]);
        assert.match(
          recordings.costs,
          /168 for inputs that are not 0 .* at every step, whatever is recorded$/,
        );
        assert.deepEqual([recordings.violations, recordings.overflows], [[], [0, 0]]);
      });
      await t.step("the keyboard reaches every control", () => {
        assert.match(keyboard.announcement, /^The network says \d, \d+\.\d %\.$/);
        assert.match(keyboard.source, /^Digit \d+ of 1,000, new to it: a\s4\.$/);
        assert.equal(keyboard.step, "47 of 50");
        assert.match(keyboard.status, /^Done after 5 epochs/);
      });
      await t.step("a finger draws, and does not scroll the page", () => {
        assert.match(finger.announcement, /^The network says \d, (over )?\d+\.\d\s%\.$/);
        assert.equal(finger.scrolled, 0);
      });
      await t.step("no accessibility violation, overflow, error or request to another server", () => {
        assert.deepEqual([maps.violations, maps.overflow], [[], 0]);
        assert.deepEqual(friend.violations, []);
        for (const { violations, overflow, muddles } of [mouse, keyboard]) {
          assert.deepEqual({ violations, overflow, muddles }, { violations: [], overflow: 0, muddles: [] });
        }
        assert.deepEqual({ complaints, strangers }, { complaints: [], strangers: [] });
      });
    });
  },
});

Deno.test({
  ...named("page refuses a model that is damaged and a folder that it may not write", NO_TOOLS),
  async fn() {
    await inTemporaryFolder(async (folder) => {
      const model = join(folder, "m.safetensors"), out = join(folder, "out");
      await Deno.writeTextFile(model, "not a model");
      assertOneLine(await build(folder, ["--model", model, "--out", out]), 1, /m\.safetensors: its header /);
      assertOneLine(await build(folder, ["--out", "/elsewhere"]), 1, /^\/elsewhere: Deno may not write it/);
      assert.equal((await Array.fromAsync(Deno.readDir(folder))).length, 1);
    });
  },
});

/**
 * The page: connects the user's input, the workers and the views.
 *
 * @module
 */
import { centreDigit } from "../src/data/centre.ts";
import { pictureSide } from "../src/classify/picture_side.ts";
import { KNOWN_SETS } from "../src/data/known_classes.ts";
import { percent } from "../src/report/words.ts";
import { count, counted } from "../src/text/figures.ts";
import { findAdapters } from "../src/engine/gpu/adapter.ts";
import { bytesOfModel, precisionOf, seedOf } from "../src/engine/model_options.ts";
import { InputError } from "../src/errors.ts";
import { classNamesOf, filledNames, shownName } from "../src/network/class_names.ts";
import { classesOf, type NetworkSpec } from "../src/network/spec.ts";
import type { PageEngine, Recipe, TrainerReply } from "./logic/protocol.ts";
import { recipeNameOf, recipeOf, type Settings } from "./logic/recipes.ts";
import type { Digits } from "./logic/subset.ts";
import { fitSamples } from "../src/training/fit.ts";
import { AnswerView } from "./answer_view.ts";
import { ConstantsView } from "./constants_view.ts";
import { DigitCycle, fetchDigits, pickedDigits } from "./digits.ts";
import { element, make } from "./elements.ts";
import { Pad } from "./pad.ts";
import { loadNetwork, newNetwork, type Present, relearned, retuned, saveNetwork } from "./present.ts";
import { TrainingView, usualHidden, type WebGpuOffer } from "./training_view.ts";
import { openTrainer, RequestQueue } from "./workers.ts";

/** Buttons for test digits, and characters of a name for which there is room on one. */
const MOST_BUTTONS = 10, MOST_NAME = 12;
const THREADS = globalThis.crossOriginIsolated ? navigator.hardwareConcurrency : 1;

let present: Present = newNetwork(
  "notebook",
  { inputs: 784, hidden: usualHidden("notebook"), classes: 10 },
  0,
  KNOWN_SETS.mnist.classes,
);
let digits: Digits | undefined;
/** The digits as the trainer has them. */
let sent: Digits | undefined;
let digitCycle: DigitCycle | undefined;
/** The picture to classify; undefined where the pad is empty. */
let pixels: Uint8Array | undefined;
let training: { readonly recipe: Recipe; readonly key: string } | undefined;
/** Weights and recipe at the end of the last training: training resumes if both are unchanged. */
let ended: { readonly parameters: Present["parameters"]; readonly key: string } | undefined;
let frame: number | undefined;

const answer = new AnswerView();
const requests = new RequestQueue(alarm);
const send = openTrainer(onMessage);
const constants = new ConstantsView((spec) => {
  setPresent(retuned(present, spec));
  if (training) send({ kind: "tune", spec });
  look("whole");
});
const pad = new Pad(element("pad", HTMLCanvasElement), {
  drawing() {
    element("pad-hint", HTMLElement).hidden = true;
    element("source", HTMLElement).textContent = "";
    frame ??= requestAnimationFrame(() => {
      frame = undefined;
      takePad("whole");
    });
  },
  drawn: () => takePad("play"),
});
const controls = new TrainingView({
  train: begin,
  pause() {
    send({ kind: "pause" });
    controls.setState("paused");
    controls.say("Paused.");
  },
  resume() {
    send({ kind: "resume" });
    controls.setState("running");
  },
  stop() {
    send({ kind: "stop" });
    controls.setState("stopping");
    controls.say("Stopping…");
  },
  renew(preset, { hidden, seed }) {
    if (!mayReplace()) return false;
    const units = preset === present.preset ? hidden : usualHidden(preset);
    const classes = Math.max(10, 1 + (digits?.train.labels ?? new Uint8Array()).reduce(largest, 0));
    const names = digits ? digits.train.classes : KNOWN_SETS.mnist.classes;
    replace(newNetwork(preset, { inputs: digits?.train.size ?? 784, hidden: units, classes }, seed, names));
    return true;
  },
}, alarm);

const largest = (a: number, b: number) => Math.max(a, b);

/** Shows an error in one line. */
function alarm(error: unknown): void {
  element("alert-text", HTMLElement).textContent = error instanceof Error ? error.message : String(error);
  element("alert", HTMLElement).hidden = false;
}

function calm(): void {
  element("alert", HTMLElement).hidden = true;
}

/** Asks before a network is replaced that has been trained and not saved. */
function mayReplace(): boolean {
  return present.isKept || confirm("The present network has not been saved. Replace it?");
}

/** Another network takes the place of the present one. */
function replace(next: Present): void {
  calm();
  setPresent(next);
  answer.arrange(next.spec, classNamesOf(next));
  constants.show(next.spec);
  controls.showNetwork(next.preset, next.title, next.spec.layers[0]!.units, recipeNameOf(next));
  offerDigits();
  if (pixels && pixels.length === next.spec.inputs) look("whole");
  else clear();
}

function setPresent(next: Present): void {
  present = next;
  const { inputs, layers, steps } = next.spec;
  const sizes = [inputs, ...layers.map(({ units }) => units)].join("–");
  element("network-line", HTMLElement).textContent = `${sizes}, ${count(steps)} step${
    steps === 1 ? "" : "s"
  }: ${next.title}`;
}

function side(): number {
  return pictureSide(present.spec) ?? 28; // loadNetwork has seen to it
}

/** Classifies the picture, and shows the answer. */
function look(how: "play" | "whole"): void {
  if (!pixels) return;
  const { spec, parameters } = present;
  const bytes = bytesOfModel(present), seed = seedOf(present), precision = precisionOf(present);
  const request = { spec, parameters, seed, precision, pixels, bytes };
  requests.add({ ...request, onAnswer: (inspection) => pixels && answer.show(inspection, how) });
}

function takePad(how: "play" | "whole"): void {
  const centred = centreDigit(pad.picture(), side());
  if (!centred.some((ink) => ink > 0)) return;
  pixels = centred;
  look(how);
}

function clear(): void {
  pad.clear();
  pixels = undefined;
  answer.clear();
  element("pad-hint", HTMLElement).hidden = false;
  element("source", HTMLElement).textContent = "";
}

function showDigit(label?: number): void {
  const at = digitCycle?.next(label);
  if (at === undefined || !digits) {
    return alarm(
      `there is no ${label === undefined ? "digit" : nameOfDigit(label)} among the held-back digits`,
    );
  }
  const { features, labels, size, count: all } = digits.test;
  pixels = Uint8Array.from(features.subarray(at * size, (at + 1) * size));
  pad.show(pixels, Math.sqrt(size));
  element("pad-hint", HTMLElement).hidden = true;
  element("source", HTMLElement).textContent = `Test digit ${count(at)} of ${count(all)}: it is a ${
    nameOfDigit(labels[at]!)
  }.`;
  look("play");
}

/** What a class of the digits is called: as they say themselves, or else as the network does. */
function nameOfDigit(label: number): string {
  const names = digits?.test.classes ?? classNamesOf(present);
  return shownName(names[label] ?? String(label), MOST_NAME);
}

/** Test digits can be shown where the network takes such. */
function offerDigits(): void {
  const isOff = digits?.test.size !== present.spec.inputs;
  element("next-digit", HTMLButtonElement).disabled = isOff;
  const buttons = Array.from({ length: Math.min(MOST_BUTTONS, classesOf(present.spec)) }, (_, label) => {
    const name = nameOfDigit(label);
    const button = make("button", { type: "button", "aria-label": `Test digit ${name}` }, name);
    button.disabled = isOff;
    button.addEventListener("click", () => showDigit(label));
    return button;
  });
  const keys = element("digit-buttons", HTMLElement);
  keys.replaceChildren(...buttons);
  keys.classList.toggle("words", buttons.some(({ textContent }) => textContent.length > 2));
}

function takeDigits(taken: { readonly digits: Digits; readonly line: string }): void {
  digits = taken.digits;
  digitCycle = new DigitCycle(digits.test);
  ended = undefined;
  element("data-line", HTMLElement).textContent = taken.line;
  sent = digits;
  send({ kind: "data", ...digits });
  offerDigits();
  controls.setState("ready");
}

function begin(settings: Settings, engine: PageEngine): void {
  calm();
  const recipe = recipeOf(recipeNameOf(present), settings, present.isNew);
  const key = keyOf(recipe, engine);
  if (digits) fitDigits(digits);
  const { spec, parameters } = present;
  const resumes = ended?.parameters === parameters && ended.key === key;
  training = { recipe, key };
  controls.setState("running");
  controls.started(resumes);
  lockFiles(true);
  send({ kind: "train", spec, parameters, recipe, engine, resumes });
}

/** Gives the trainer the digits with the labels that the network has for their classes, and the network their names. */
function fitDigits(digits: Digits): void {
  const { spec, title } = present, advice = "press New, or choose another network";
  const fit = (part: Digits["train"]) => fitSamples(present, title, part, advice).samples;
  const fitted = { train: fit(digits.train), test: fit(digits.test) };
  if (fitted.train.labels !== sent?.train.labels || fitted.test.labels !== sent.test.labels) {
    sent = fitted;
    send({ kind: "data", ...fitted });
  }
  if (present.classes || !digits.train.classes) return;
  setPresent({ ...present, classes: filledNames(digits.train.classes, classesOf(spec)) });
  answer.arrange(spec, classNamesOf(present));
}

/** The parts of a recipe that must match the last training's for a resume. */
function keyOf({ epochs: _epochs, startRate: _startRate, ...rest }: Recipe, engine: PageEngine): string {
  return JSON.stringify([rest, engine]);
}

function onMessage(reply: TrainerReply): void {
  switch (reply.kind) {
    case "started":
      return controls.progress(`${reply.engine}.`);
    case "batch":
      return controls.batch(reply.status);
    case "measured":
      return controls.measured(reply.heldBack);
    case "network":
      return learned(reply.parameters, reply.spec);
    case "ended":
      return finish(reply);
    case "notice":
      return alarm(reply.message);
    case "failed":
      if (training) controls.say("Training ended early.");
      release();
      return alarm(reply.message);
    default:
      return reply satisfies never;
  }
}

/** The network has other weights. Its constants are those of the sliders, which the trainer may not have got yet. */
function learned(parameters: Present["parameters"], { layers }: NetworkSpec): void {
  if (layers.length !== present.spec.layers.length) return;
  setPresent(relearned(present, parameters));
  look("whole");
}

function finish({ parameters, spec, epochs, heldBack, how }: TrainerReply & { kind: "ended" }): void {
  if (!training) return;
  const { recipe, key } = training, { step, augmentation, startRate, seed } = recipe;
  learned(parameters, spec);
  const { model = "page" } = present.metadata;
  setPresent({
    ...present,
    metadata: {
      model,
      seed: String(seed),
      epochs: String(epochs),
      precision: "f32",
      optimizer: JSON.stringify(step),
      ...(augmentation && { augmentation: JSON.stringify(augmentation) }),
      start: startRate === undefined ? present.metadata.start ?? "xavier" : `rate ${startRate}`,
      accuracy: String(heldBack.accuracy),
      measuredOn: `${heldBack.total} held-back digits`,
    },
  });
  ended = { parameters: present.parameters, key };
  controls.ended(heldBack);
  const accuracy = percent(heldBack.accuracy, 1);
  controls.say(
    `${how === "finished" ? "Done" : "Stopped"} after ${counted(epochs, "epoch")}: ${accuracy} of ${
      count(heldBack.total)
    } held-back digits.`,
  );
  release();
}

/** Training is over. */
function release(): void {
  training = undefined;
  lockFiles(false);
  controls.setState(digits ? "ready" : "waiting");
}

function lockFiles(isLocked: boolean): void {
  for (const id of ["model-file", "data-files"]) element(id, HTMLInputElement).disabled = isLocked;
}

/** Takes what was picked or dropped: a model, or the four files of a data set. */
async function takeFiles(files: readonly File[]): Promise<void> {
  const [first] = files;
  if (!first) return;
  try {
    if (training) throw new InputError(`${first.name}: a network is in training: stop it first`);
    calm();
    controls.setState("waiting"); // a training that began meanwhile would lose its network or its digits
    if (files.length === 1 && !/idx/i.test(first.name)) {
      const loaded = await loadNetwork(first, first.name);
      if (mayReplace()) replace(loaded);
    } else takeDigits(await pickedDigits(files));
  } catch (error) {
    alarm(error);
  }
  if (!training) controls.setState(digits ? "ready" : "waiting");
}

async function save(): Promise<void> {
  try {
    const url = URL.createObjectURL(await saveNetwork(present));
    make("a", { href: url, download: `spikelet-${present.preset ?? "model"}.safetensors` }).click();
    setTimeout(() => URL.revokeObjectURL(url), 60_000); // the browser may ask where to first
    present = { ...present, isKept: true };
  } catch (error) {
    alarm(error);
  }
}

/** What WebGPU there is. */
async function findWebGpu(): Promise<WebGpuOffer> {
  const none = (why: string) => ({ isThere: false, note: `No WebGPU: ${why}.` });
  if (!("gpu" in navigator)) return none("this browser has none, or was not sent this page safely (https)");
  const [found] = await findAdapters();
  if (!found) return none("this browser found no adapter");
  const { isSoftware, name } = found.description;
  return {
    isThere: true,
    note: isSoftware
      ? `WebGPU's adapter computes on the CPU (${name}), slower than WASM.`
      : `WebGPU works on ${name}; it is fetched when it is chosen.`,
  };
}

element("clear", HTMLButtonElement).addEventListener("click", clear);
element("next-digit", HTMLButtonElement).addEventListener("click", () => showDigit());
element("save", HTMLButtonElement).addEventListener("click", save);
element("alert-close", HTMLButtonElement).addEventListener("click", calm);
for (const id of ["model-file", "data-files"]) {
  const input = element(id, HTMLInputElement);
  input.addEventListener("change", async () => {
    await takeFiles([...input.files ?? []]);
    input.value = ""; // so that the same file can be picked again
  });
}
document.addEventListener("dragover", (event) => {
  event.preventDefault();
  document.body.classList.add("dropping");
});
document.addEventListener("dragleave", () => document.body.classList.remove("dropping"));
document.addEventListener("drop", (event) => {
  event.preventDefault();
  document.body.classList.remove("dropping");
  takeFiles([...event.dataTransfer?.files ?? []]);
});
addEventListener("beforeunload", (event) => {
  if (!present.isKept) event.preventDefault();
});

element("unserved", HTMLElement).remove();
replace(present);
const threads = THREADS === 1 ? "1 thread" : `${THREADS} threads`;
controls.offerEngines(threads, { isThere: false, note: "Looking for WebGPU." });
findWebGpu().then((offer) => controls.offerEngines(threads, offer), alarm);

/** The model that the page begins with, where there is one. */
async function fetchModel(): Promise<void> {
  const { model } = document.documentElement.dataset;
  if (!model) return;
  try {
    const response = await fetch(new URL(model, document.baseURI));
    if (!response.ok) throw new InputError(`${model}: the server answered ${response.status}`);
    replace(await loadNetwork(await response.blob(), model));
  } catch (error) {
    alarm(error);
  }
}

// Training can begin with the digits: so the model comes before them.
Promise.all([fetchDigits(), fetchModel()]).then(([fetched]) => takeDigits(fetched)).catch((error) => {
  element("data-line", HTMLElement).textContent = "The digits could not be loaded: pick MNIST's four files.";
  alarm(error);
});

/** The page: connects the user's input, the workers and the views. */
import { centreDigit } from "../src/data/centre.ts";
import { pictureSide, pictureSizeOf } from "../src/classify/picture_side.ts";
import { KNOWN_SETS } from "../src/data/known_classes.ts";
import { pictureShapeOf } from "../src/data/samples.ts";
import { percent } from "../src/report/words.ts";
import { count, counted } from "../src/text/figures.ts";
import { bytesOfModel, precisionOf, seedOf } from "../src/engine/model_options.ts";
import { InputError } from "../src/errors.ts";
import { shownName } from "../src/network/class_names.ts";
import { classNamesOf } from "../src/network/output_names.ts";
import { mapsOf } from "../src/network/maps.ts";
import type { NetworkSpec } from "../src/network/spec.ts";
import { structureOf } from "../src/network/structure.ts";
import { sizesOf } from "../src/network/words.ts";
import type { PresetName } from "../src/training/presets.ts";
import { readLink, type SharedState, writeLink } from "./logic/link.ts";
import type { InspectorMessage } from "./logic/protocol.ts";
import { recipeNameOf } from "./logic/recipes.ts";
import type { Digits } from "./logic/subset.ts";
import { wordOfClass } from "./logic/verdict.ts";
import { AnswerView, type Help, type ShownHow } from "./answer_view.ts";
import { ConstantsView } from "./constants_view.ts";
import { showCosts } from "./costs_view.ts";
import { type DescribedDigits, DigitCycle, fetchDigits, pickedDigits } from "./digits.ts";
import { sortFiles } from "./dropped_files.ts";
import { describeThreads, findWebGpu } from "./engine_offer.ts";
import { element, prefersStillness } from "./elements.ts";
import { readsRecordings, showInput } from "./input_view.ts";
import { NeuronView } from "./neuron_view.ts";
import { Pad } from "./pad.ts";
import { inkOfFile, isPicture } from "./picture_file.ts";
import { loadNetwork, newNetwork, type Present, renewed, retuned, saveNetwork } from "./present.ts";
import type { Recordings, RecordingView } from "./recordings.ts";
import { copyText, offerFile, pictureOfPage } from "./share.ts";
import { alarm, calm, notify } from "./toast.ts";
import { TrainingSession } from "./training_session.ts";
import { usualHidden } from "./training_view.ts";
import { RequestQueue } from "./workers.ts";

/** Milliseconds between the end of a digit that plays itself and the next one. */
const REST = 1800;
/** Milliseconds that digits to learn from wait for the first spikes at most. */
const PATIENCE = 3000;
/** What is shown to the network. */
type Sample = Pick<InspectorMessage, "features" | "bytes">;

/** Of the size of the built-in network, so that the page does not move when that arrives. */
let present: Present = newNetwork(
  "lif",
  { inputs: 784, shape: [1, 28, 28], hidden: 100, classes: 10, steps: 50 },
  0,
  KNOWN_SETS.mnist.classes,
);
/** The network that the page began with. */
let arrived: Present | undefined;
let digits: Digits | undefined;
let digitCycle: DigitCycle | undefined;
/** The recordings that were dropped last, and the same if the present network reads them. */
let dropped: Recordings | undefined, recordings: Recordings | undefined;
/** What to classify; undefined where the pad is empty. */
let sample: Sample | undefined;
let recordingView: RecordingView | undefined;
let frame: number | undefined;
/** Digits play themselves, one after the other, until the reader does anything. */
let playsItself = true;
const hasMoved = Promise.withResolvers<unknown>();

const answer = new AnswerView(showNext, helpWithSilence, () => present.isNew);
const requests = new RequestQueue(alarm);
const constants = new ConstantsView((spec) => {
  setPresent(retuned(present, spec));
  training.tune(spec);
  look("whole");
});
const pad = new Pad(element("pad", HTMLCanvasElement), {
  drawing() {
    answer.letGo();
    hint(undefined);
    say("source", "");
    frame ??= requestAnimationFrame(() => {
      frame = undefined;
      takePad("whole");
    });
  },
  drawn: () => takePad("play"),
});
const training = new TrainingSession({
  get present() {
    return present;
  },
  setPresent,
  named: () => answer.arrange(present.spec, classNamesOf(present)),
  learned: (isEnd) => look(isEnd ? "tell" : "whole"),
  renew(preset, { hidden, seed }) {
    if (!mayReplace()) return false;
    const isSame = preset === present.preset;
    replace(networkOf(preset, isSame ? hidden : usualHidden(preset), seed));
    return true;
  },
  forget,
});
const { controls } = training;

/** What to do with a network whose neurons do not fire. */
function helpWithSilence(): Help {
  if (constants.areChanged) {
    return {
      why: "Its constants were changed.",
      button: { text: "Reset the constants", press: () => constants.reset() },
    };
  }
  if (present.isNew) {
    const press = () => element("train", HTMLButtonElement).click();
    return { why: "It has not learned anything yet.", button: { text: "Train it", press } };
  }
  const why = "What it learned has silenced it.";
  if (readsRecordings(present.spec)) return { why };
  return { why, button: { text: "Start again with new weights", press: () => forget(seedOf(present)) } };
}

function say(id: string, text: string): void {
  element(id, HTMLElement).textContent = text || "\u00a0"; // its line stays
}

/** Says on the pad that one can draw there: in its middle while it is empty, above a digit that it shows. */
function hint(what: "empty" | "digit" | undefined): void {
  const there = element("pad-hint", HTMLElement);
  there.hidden = what === undefined;
  there.classList.toggle("above", what === "digit");
}

/** A preset's network of a size for the digits. */
function networkOf(preset: PresetName, hidden: number, seed: number): Present {
  const most = (digits?.train.labels ?? new Uint8Array()).reduce((a, b) => Math.max(a, b), 0);
  const sizes = {
    inputs: digits?.train.size ?? 784,
    shape: (digits && pictureShapeOf(digits.train)) ?? [1, 28, 28] as const,
    hidden,
    classes: Math.max(10, 1 + most),
  };
  return newNetwork(preset, sizes, seed, digits ? digits.train.classes : KNOWN_SETS.mnist.classes);
}

/** Whether the present network may be replaced: an unsaved one needs the user's consent. */
function mayReplace(): boolean {
  return present.isKept || confirm("The present network has not been saved. Replace it?");
}

/** Replaces the present network. */
function replace(next: Present): void {
  calm();
  const { populations, spikingUnits, classes } = structureOf(next.spec), { steps } = next.spec;
  const reads = readsRecordings(next.spec), areDrawings = !reads && !readsRecordings(present.spec);
  setPresent(next);
  showInput(next.spec);
  controls.allow(!reads);
  answer.arrange(next.spec, classNamesOf(next));
  constants.show(next.spec);
  controls.showNetwork(next.preset, next.title, populations[0]!.units, recipeNameOf(next));
  controls.say(about(next));
  say(
    "hero-count",
    steps > 1 ? `${counted(spikingUnits, "neuron")} read it.` : "A feed-forward network reads it.",
  );
  say(
    "hero-text",
    steps > 1
      ? `${howItIsDrawn(next.spec)} Below, ${counted(classes, "output")}, a ${
        wordOfClass(classNamesOf(next))
      } each, collect them: the fullest wins.`
      : "It has no time and no spikes: each bar is what a unit puts out, once. The highest output wins.",
  );
  offerRecordings();
  offerDigits();
  if (areDrawings && sample?.features.length === structureOf(next.spec).inputs) return look("whole");
  clear();
  if (reads) showRecording();
}

/** How to read the chart. */
function howItIsDrawn(spec: NetworkSpec): string {
  const { hidden } = structureOf(spec);
  return hidden.some(({ shape }) => mapsOf(shape))
    ? "Each square is a map, a pixel a neuron: blue where it has fired, orange where it fires now."
    : "Each dash is a spike: a row a neuron, time to the right.";
}

/** What has been done with a network, and what to do now. */
function about({ spec, isNew, metadata: { seconds, accuracy } }: Present): string {
  if (readsRecordings(spec)) return "Drop a recording (.safetensors of samples) anywhere on this page.";
  if (isNew) return "Not trained yet. Press ↻ Watch it learn.";
  if (seconds === undefined) return "As it was loaded.";
  const score = accuracy === undefined ? "" : `, right on ${percent(Number(accuracy), 1)} of new digits`;
  return `Trained for ${
    Math.round(Number(seconds))
  } seconds${score}; press ↻ to watch it learn from nothing.`;
}

function setPresent(next: Present): void {
  present = next;
  element("train", HTMLButtonElement).textContent = next.isNew ? "Train" : "Train on";
  controls.offerReturn(arrived !== undefined && next.parameters !== arrived.parameters);
  const sizes = sizesOf(next.spec).replaceAll("-", "–"), steps = counted(next.spec.steps, "step");
  say("network-line", `${sizes}, ${steps}: ${next.title}`);
}

/** Forgets what the network has learned. */
function forget(seed: number): void {
  if (training.isRunning) throw new InputError("the network is in training: stop it first");
  setPresent(renewed(present, seed));
  controls.forgotten();
  controls.say(about(present));
  look("whole");
}

function side(): number {
  return pictureSide(present.spec) ?? 28; // loadNetwork refuses networks without one
}

/** Classifies the picture, and shows the answer. */
function look(how: ShownHow): void {
  if (!sample) return;
  const { spec, parameters } = present;
  const seed = seedOf(present), precision = precisionOf(present);
  requests.add({
    ...{ spec, parameters, seed, precision, bytes: bytesOfModel(present), ...sample },
    onAnswer: (inspection) => {
      if (!sample) return;
      answer.show(inspection, parameters, how, playOn);
      showCosts(inspection);
      requestAnimationFrame(hasMoved.resolve);
    },
  });
}

/** Shows the next digit after a rest, while the reader does nothing. */
function playOn(): void {
  setTimeout(() => {
    if (playsItself && digits && !training.isRunning && !document.hidden && !prefersStillness()) showNext();
  }, REST);
}

function takePad(how: "play" | "whole"): void {
  const centred = centreDigit(pad.picture(), side());
  if (!centred.some((ink) => ink > 0)) return;
  // A network for colours sees the same in each of them.
  const channels = pictureSizeOf(present.spec)?.channels ?? 1;
  const features = new Uint8Array(channels * centred.length);
  for (let channel = 0; channel < channels; channel++) features.set(centred, channel * centred.length);
  sample = { features };
  look(how);
}

function clear(): void {
  pad.clear();
  sample = undefined;
  answer.clear();
  answer.letGo();
  showCosts(undefined);
  hint("empty");
  say("source", "");
}

/** Shows pixels of the network's size on the pad, and its answer. */
function showPixels(shown: Uint8Array): void {
  sample = { features: shown };
  pad.show(shown, side());
  hint("digit");
  look("play");
}

/** Shows the next sample that the network takes. @param label Its class, or any. */
function showNext(label?: number): void {
  if (readsRecordings(present.spec)) showRecording(label);
  else showDigit(label);
}

/** Shows a recording. */
function showRecording(label?: number): void {
  const shown = recordings?.next(label);
  if (!shown) return;
  sample = { features: shown.features, bytes: shown.bytes };
  hint(undefined);
  say("source", shown.line);
  look("play");
}

/** Shows a held-back digit. */
function showDigit(label?: number): void {
  if (!digits || !digitCycle) return;
  const at = digitCycle.next(label === undefined ? undefined : labelOfDigits(label));
  if (at === undefined) return;
  const { features, labels, size, count: all } = digits.test;
  showPixels(Uint8Array.from(features.subarray(at * size, (at + 1) * size)));
  const name = shownName(digits.test.classes?.[labels[at]!] ?? String(labels[at]), 32);
  say("source", `Digit ${count(at + 1)} of ${count(all)}, new to it: a\u00a0${name}.`);
}

/** The digits' label of a class of the network, by its name where both have names. */
function labelOfDigits(label: number): number {
  const names = digits?.test.classes, name = classNamesOf(present)[label];
  return names && name !== undefined ? names.indexOf(name) : label;
}

/** Offers the recordings that were dropped where the network reads them. */
function offerRecordings(): void {
  const read = recordings = readsRecordings(present.spec) ? dropped?.for(present) : undefined;
  element("next-digit", HTMLButtonElement).hidden = !read;
  answer.outputs.offer(read && ((label) => read.has(label)));
  if (!read) return;
  recordingView?.take(read.frame);
  controls.say(read.line);
}

/** Reads a file of recordings, and shows the first one. */
async function takeRecordings(file: File): Promise<void> {
  const { Recordings, RecordingView } = await import("./recordings.ts");
  dropped = await Recordings.read(file, present);
  if (!recordingView) answer.showSamplesIn(recordingView = new RecordingView());
  offerRecordings();
  showRecording();
}

/** Offers held-back digits where they fit the network. */
function offerDigits(): void {
  if (readsRecordings(present.spec)) return;
  const cycle = digits?.test.size === structureOf(present.spec).inputs ? digitCycle : undefined;
  element("next-digit", HTMLButtonElement).hidden = !cycle;
  answer.outputs.offer(cycle && ((label) => cycle.has(labelOfDigits(label))));
}

function takeDigits(taken: DescribedDigits): void {
  digits = taken.digits;
  digitCycle = new DigitCycle(digits.test);
  say("data-line", taken.line);
  training.take(digits);
  offerDigits();
}

/** Loads picked or dropped files: a model, recordings, both, a picture of a digit, or the four files of a data set. */
async function takeFiles(files: readonly File[]): Promise<void> {
  const [first] = files;
  if (!first) return;
  try {
    calm();
    if (isPicture(first)) return await takePicture(first);
    if (training.isRunning) throw new InputError(`${first.name}: a network is in training: stop it first`);
    training.wait(); // no training may begin while network or digits change
    const sorted = await sortFiles(files);
    if (sorted.kind === "digits") takeDigits(await pickedDigits(files));
    else {
      // The model first, since recordings need one that reads them.
      if (sorted.model) await takeModel(sorted.model);
      if (sorted.recordings) await takeRecordings(sorted.recordings);
    }
  } catch (error) {
    alarm(error);
  }
  training.rest();
}

/** Reads a picture of a digit. */
async function takePicture(file: File): Promise<void> {
  if (readsRecordings(present.spec)) {
    throw new InputError(`${file.name}: a picture: this network reads recordings: drop a file of samples`);
  }
  const { width } = element("pad", HTMLCanvasElement);
  pad.show(await inkOfFile(file, width), width);
  hint("digit");
  say("source", `From ${shownName(file.name, 32)}.`);
  takePad("play");
}

async function takeModel(file: File): Promise<void> {
  const loaded = await loadNetwork(file, file.name);
  if (mayReplace()) replace(loaded);
}

async function save(): Promise<void> {
  offerFile(await saveNetwork(present), `spikelet-${present.preset ?? "model"}.safetensors`);
  present = { ...present, isKept: true };
}

/** The page's address with the drawing, the network and its constants. */
async function linkOf(): Promise<string> {
  const { preset, spec } = present, changed = constants.changes;
  const link = await writeLink({
    ...(sample?.features instanceof Uint8Array && pictureSizeOf(spec)?.channels === 1 &&
      { pixels: sample.features }),
    ...(preset && { preset, hidden: structureOf(spec).populations[0]!.units, seed: seedOf(present) }),
    ...(changed && { constants: changed }),
  });
  const { origin, pathname, search } = location;
  return `${origin}${pathname}${search}#${link}`;
}

async function copyLink(): Promise<void> {
  const link = await linkOf();
  history.replaceState(null, "", link);
  notify(
    await copyText(link)
      ? "The link is copied: it brings back this drawing, network and constants, not what was learned here."
      : "The link is in the address bar: copy it from there.",
  );
}

/** Brings back what a link tells. */
function restore({ pixels: shared, preset, hidden, seed = 0, constants: changed }: SharedState): void {
  if (preset) {
    controls.setSeed(seed);
    replace(networkOf(preset, hidden ?? usualHidden(preset), seed));
  }
  if (changed) constants.change(changed);
  const { spec } = present;
  if (shared?.length === structureOf(spec).inputs && !readsRecordings(spec)) showPixels(shared);
}

/** Calls a button's work, and shows what fails. */
function onClick(id: string, work: () => void | Promise<void>): void {
  element(id, HTMLButtonElement).onclick = async () => {
    try {
      await work();
    } catch (error) {
      alarm(error);
    }
  };
}

onClick("clear", clear);
onClick("next-digit", () => showNext());
onClick("save", save);
onClick("copy-link", copyLink);
onClick("save-picture", async () => {
  offerFile(await pictureOfPage(present.spec), "spikelet.png");
  notify("The picture is saved as spikelet.png.");
});
onClick("trained", () => {
  if (arrived && mayReplace()) replace(arrived);
});
onClick("alert-close", calm);
for (const id of ["copy-link", "save-picture"]) {
  element(id, HTMLButtonElement).addEventListener(
    "click",
    () => element("share", HTMLDetailsElement).open = false,
  );
}
for (const id of ["model-file", "data-files"]) {
  const input = element(id, HTMLInputElement);
  input.onchange = async () => {
    await takeFiles([...input.files ?? []]);
    input.value = ""; // so that the same file can be picked again
  };
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
for (const kind of ["pointerdown", "keydown", "drop", "wheel", "touchmove"]) {
  addEventListener(kind, () => playsItself = false, { capture: true, passive: true });
}
// Who looks at a neuron, or at the pad, does not want another digit.
for (const id of ["layers", "pad"]) {
  element(id, HTMLElement).addEventListener("pointermove", () => playsItself = false, { passive: true });
}
addEventListener("beforeunload", (event) => {
  if (!present.isKept) event.preventDefault();
});

/** Fetches the model that the page begins with. */
async function fetchModel(): Promise<void> {
  const { model = "" } = document.documentElement.dataset;
  const response = await fetch(new URL(model, document.baseURI));
  if (!response.ok) throw new InputError(`${model}: the server answered ${response.status}`);
  const title = model.startsWith("built_in") ? "the built-in network" : model;
  arrived = await loadNetwork(await response.blob(), model, title);
  replace(arrived);
}

/** Begins with the model and the drawing of the address, then fetches what training needs. */
async function start(): Promise<void> {
  const state = readLink(location.hash.slice(1) || (document.documentElement.dataset.start ?? ""));
  state.catch(() => {}); // reported below
  await fetchModel().catch(alarm);
  await state.then(restore).catch(alarm);
  await Promise.race([
    hasMoved.promise,
    new Promise((resolve) => setTimeout(resolve, sample ? PATIENCE : 0)),
  ]);
  performance.mark("moving"); // for measurements
  try {
    takeDigits(await fetchDigits());
  } catch (error) {
    say("data-line", "The digits could not be loaded: pick MNIST's four files.");
    alarm(error);
  }
}

element("unserved", HTMLElement).remove();
new NeuronView();
replace(present);
start();
const threads = describeThreads();
controls.offerEngines(threads, { isThere: false, note: "Looking for WebGPU." });
findWebGpu().then((offer) => controls.offerEngines(threads, offer), alarm);

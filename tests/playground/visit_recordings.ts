/**
 * A visit of somebody with recordings, and models that read them.
 *
 * @module
 */
import type { Page } from "playwright-core";
import { draw, overflowOf, textOf, violationsOf, waitFor } from "./page_actions.ts";

/** What is seen of a recording. */
export interface SeenRecording {
  readonly source: string;
  readonly announcement: string;
}

/** A visit with recordings of frames, then of channels, and back to digits. */
export interface RecordingsVisit {
  /** What the page says to recordings without a model, to damaged ones, to others, to a picture, and to files that do not belong together. */
  readonly refusals: readonly string[];
  /** The network before and after the first refusal. */
  readonly network: readonly [before: string, after: string];
  /** Headline, status, hint and button once a model was dropped, and ids of what can be seen of some elements. */
  readonly waiting: { readonly texts: readonly string[]; readonly seen: readonly string[] };
  /** Model and recordings dropped at once: the first, the next, the next of a class. */
  readonly frames: readonly SeenRecording[];
  /** The pad at some steps, as images, and at the end. */
  readonly pictures: readonly string[];
  /** Pictures of weights on the pad: of frames, of channels. */
  readonly fields: readonly [frames: number, channels: number];
  readonly costs: string;
  readonly channels: SeenRecording;
  readonly rasters: readonly string[];
  readonly step: string;
  /** With a model that does not read the recordings that are there, and then again with theirs. */
  readonly left: { readonly isOffered: boolean; readonly source: string };
  readonly back: SeenRecording;
  /** With a preset again: what can be seen, and the answer to a drawing. */
  readonly digits: {
    readonly texts: readonly string[];
    readonly seen: readonly string[];
    readonly announcement: string;
  };
  readonly violations: readonly string[];
  readonly overflows: readonly number[];
}

/** Files that the test wrote: see page_test.ts. */
export async function visitWithRecordings(page: Page, out: string): Promise<RecordingsVisit> {
  await page.waitForSelector("#relearn:not([disabled])");
  const refusals: string[] = [];
  const refuse = async (...names: readonly string[]) => {
    await dropFiles(page, out, names);
    await waitFor(page, "alert-text", /./);
    refusals.push(await textOf(page, "alert-text"));
    await page.click("#alert-close");
    await page.evaluate(`document.getElementById("alert-text").textContent = ""`);
  };
  const before = await textOf(page, "network-line");
  await refuse("swipes.safetensors");
  const after = await textOf(page, "network-line");

  await dropFiles(page, out, ["swipes-model.safetensors"]);
  await waitFor(page, "network-line", /swipes-model\.safetensors/);
  const waiting = await textsOf(page);
  await refuse("cut.safetensors");
  await refuse("waves.safetensors");
  await refuse("one.png");
  await refuse("swipes-model.safetensors", "cut.safetensors");
  await refuse("waves-model.safetensors", "swipes-model.safetensors");

  await dropFiles(page, out, ["swipes.safetensors", "swipes-model.safetensors"]);
  const frames = [await seenOf(page, /^Recording 1 of 6/)];
  const costs = await textOf(page, "costs-bars");
  await page.click("#next-digit");
  frames.push(await seenOf(page, /^Recording 2 of 6/));
  await page.click("#outputs [title='Show a tap']");
  frames.push(await seenOf(page, /^Recording 3 of 6/));
  await page.click("#outputs [title='Show a left swipe']");
  await seenOf(page, /^Recording 4 of 6/);
  const pictures: string[] = [];
  for (const step of [1, 4, 7]) {
    await page.locator("#step").fill(String(step));
    pictures.push(await padOf(page));
  }
  const fields = [await fieldsOf(page)];
  const violations = await violationsOf(page), overflows = [await overflowOf(page)];

  await dropFiles(page, out, ["waves-model.safetensors", "waves.safetensors"]);
  const channels = await seenOf(page, /^Recording 1 of 4/);
  fields.push(await fieldsOf(page));
  const rasters = [await padOf(page)], step = await textOf(page, "step-value");
  await page.locator("#step").fill("2");
  rasters.push(await padOf(page));
  await page.click("#clear");
  rasters.push(await padOf(page));
  await dropFiles(page, out, ["swipes-model.safetensors"]);
  await waitFor(page, "network-line", /swipes-model\.safetensors/);
  const left = {
    isOffered: await page.locator("#next-digit").isVisible(),
    source: await textOf(page, "source"),
  };
  await dropFiles(page, out, ["waves-model.safetensors"]);
  const back = await seenOf(page, /^Recording 1 of 4/);
  violations.push(...await violationsOf(page));
  await page.setViewportSize({ width: 320, height: 700 });
  overflows.push(await overflowOf(page));

  await page.selectOption("#preset", "notebook");
  await waitFor(page, "network-line", /the notebook network/);
  const digits = await textsOf(page);
  await draw(page);
  await waitFor(page, "announcement", /The network says \d/);
  return {
    refusals,
    network: [before, after],
    waiting,
    frames,
    pictures,
    fields: [fields[0]!, fields[1]!],
    costs,
    ...{ channels, rasters, step, left, back, violations, overflows },
    digits: { ...digits, announcement: await textOf(page, "announcement") },
  };
}

/** Drops files on the page, all at once. */
async function dropFiles(page: Page, folder: string, names: readonly string[]): Promise<void> {
  const files = await Promise.all(names.map(async (name) => ({
    name,
    type: name.endsWith(".png") ? "image/png" : "",
    bytes: [...await Deno.readFile(`${folder}/${name}`)],
  })));
  await page.evaluate(`(() => {
    const dataTransfer = new DataTransfer();
    for (const { name, type, bytes } of ${JSON.stringify(files)}) {
      dataTransfer.items.add(new File([Uint8Array.from(bytes)], name, { type }));
    }
    document.dispatchEvent(new DragEvent("drop", { dataTransfer }));
  })()`);
}

/** A recording, once its answer is there. */
async function seenOf(page: Page, source: RegExp): Promise<SeenRecording> {
  await waitFor(page, "source", source);
  await waitFor(page, "announcement", /The network says /);
  await page.waitForTimeout(100); // the answer to the one before may still be there
  return { source: await textOf(page, "source"), announcement: await textOf(page, "announcement") };
}

/** The texts that depend on what the network takes, and the ids of what can be seen. */
async function textsOf(page: Page) {
  const texts: string[] = [];
  for (const id of ["hero-what", "train-status", "pad-hint", "next-digit"]) {
    texts.push(await textOf(page, id));
  }
  const seen = await page.evaluate(
    `["relearn", "train", "fresh", "pad", "recording", "seen-figure", "no-training"]
    .filter((id) => document.getElementById(id).checkVisibility())`,
  ) as string[];
  return { texts, seen };
}

/** What is in the place of the pad, as an image. */
const padOf = async (page: Page) =>
  String(await page.evaluate(`document.getElementById("recording").toDataURL()`));

/** How many pictures of weights are there while the mouse is at a unit. */
async function fieldsOf(page: Page): Promise<number> {
  const { x = 0, y = 0 } = await page.locator(".layer").first().boundingBox() ?? {};
  await page.mouse.move(x + 40, y + 5);
  const fields = await page.locator("#field:not([hidden])").count();
  await page.mouse.move(5, 5);
  return fields;
}

/**
 * Uses the page in Chromium: `deno run -A tests/playground/visit.ts PAGE OUT`. It is a program, since playwright reads files below
 * /proc, for which Deno requires every permission.
 *
 * PAGE is the folder of the built page. OUT has models and data to load, some of them damaged, and receives the saved models.
 * Prints one line of JSON, a {@linkcode Visits}.
 *
 * @module
 */
import { type Browser, type BrowserContextOptions, chromium, type Page } from "playwright-core";
import { pathToFileURL } from "node:url";
import { CHROMIUM, CHROMIUM_ARGUMENTS, SOFTWARE_WEBGPU } from "../chromium.ts";
import {
  chooseSmall,
  draw,
  jumpsOf,
  muddlesOf,
  openMore,
  overflowOf,
  rasterOf,
  save,
  tabTo,
  textOf,
  until,
  violationsOf,
  waitFor,
  waitForEnd,
} from "./page_actions.ts";
import { serveFolder } from "./static_server.ts";
import { type PointingVisit, visitPointing } from "./visit_pointing.ts";
import { type RecordingsVisit, visitWithRecordings } from "./visit_recordings.ts";

/** The observations of all visits. */
export interface Visits {
  readonly first: FirstVisit;
  /** How far the layout has jumped on a phone: at first, and after it has learned anew. */
  readonly jumpsOnPhone: readonly number[];
  readonly friend: FriendVisit;
  readonly mouse: MouseVisit;
  readonly maps: MapsVisit;
  readonly recordings: RecordingsVisit;
  readonly pointing: PointingVisit;
  readonly keyboard: KeyboardVisit;
  readonly isolated: { readonly status: string; readonly note: string };
  /** A touch visit, on a phone: the class of the drawing, and how far the page has scrolled, in pixels. */
  readonly finger: { readonly announcement: string; readonly scrolled: number };
  /** In a browser with WebGPU: the note on it, and the engine that trains. */
  readonly webGpu: { readonly note: string; readonly engine: string; readonly alert: string };
  /** A visit with forced colours: the backgrounds that carry meaning, and the status after training with an invalid field. */
  readonly forced: { readonly backgrounds: readonly string[]; readonly status: string };
  /** Opened as a file: the message; and the number of such messages on a served page. */
  readonly file: { readonly says: string; readonly whenServed: number };
  /** Errors and console messages, but for Chromium's message about adapters. */
  readonly complaints: readonly string[];
  /** The addresses of requests to other servers. */
  readonly strangers: readonly string[];
}

/** A visit with a mouse, on a large screen, in light colours. */
export interface MouseVisit {
  /** The status after training was paused, and after it was resumed and ended. */
  readonly paused: string;
  readonly status: string;
  readonly curves: number;
  /** The raster of the hidden layer before and after the drawing, as images. */
  readonly rasters: readonly [before: string, after: string];
  readonly announcement: string;
  /** The verdict before a slider is moved, after that, and after the reset. */
  readonly tuned: readonly [before: string, after: string, reset: string];
  /** The classified picture, 784 bytes. */
  readonly drawn: readonly number[];
  /** The alerts about a damaged model, about other files than four, and about data that do not fit. */
  readonly refusals: readonly string[];
  readonly network: readonly [before: string, after: string, loaded: string];
  /** The disabled controls and the learning rate of a loaded network. */
  readonly loaded: {
    readonly off: readonly string[];
    readonly rate: string;
    /** The classes' names beside their rows, and in the verdict. */
    readonly names: readonly string[];
    readonly verdict: string;
  };
  /** Whether training can begin while dropped files are read. */
  readonly trainsWhileReading: boolean;
  readonly violations: readonly string[];
  readonly overflow: number;
  readonly muddles: readonly string[];
}

/** A visit with convolutional networks. */
export interface MapsVisit {
  /** Of the preset conv-wide. */
  readonly preset: { readonly network: string; readonly off: readonly string[] };
  /** Of a loaded network for digits, and of one for colours: the picture that it saw, its alpha and its red, and the answer. */
  readonly loaded: readonly {
    readonly announcement: string;
    readonly alpha: readonly number[];
    readonly red: readonly number[];
    readonly maps: readonly string[];
  }[];
  /** Of a canvas of maps at the first step and at the last. */
  readonly pictures: readonly [first: string, last: string];
  readonly status: string;
  readonly violations: readonly string[];
  readonly overflow: number;
}

/** Arriving, without doing anything. */
export interface FirstVisit {
  /** Of all that was fetched before the first frame in which spikes move. */
  readonly bytes: number;
  /** The raster in two such frames. */
  readonly frames: readonly string[];
  readonly status: string;
  /** How far the layout has jumped. */
  readonly jumps: number;
}

/** A visit of somebody who tries what can be shown, and shares it. */
export interface FriendVisit {
  /** Where nothing fires. */
  readonly violations: readonly string[];
  /** The line about the unit before the mouse points at another, and then. */
  readonly texts: readonly string[];
  /** How many pictures of weights lie on the pad, and pixels of links beside the rows. */
  readonly overlay: number;
  readonly links: number;
  /** Pixels of ink after a click. */
  readonly dot: number;
  readonly costs: string;
  /** The verdict of a network that does not fire, and its button. */
  readonly silent: readonly string[];
  /** Whether a message can be seen on a page that is scrolled to its end. */
  readonly toast: boolean;
  /** Of the page, and of the one that its link opens. */
  readonly verdicts: readonly string[];
  /** What a damaged link says. */
  readonly damaged: string;
  readonly dropped: string;
  /** At 320, 390 and 1,920 pixels. */
  readonly overflows: readonly number[];
  /** The beginning of the saved picture. */
  readonly png: readonly number[];
}

/** A visit with a keyboard, on a phone, in dark colours. */
export interface KeyboardVisit {
  readonly announcement: string;
  readonly source: string;
  readonly status: string;
  readonly step: string;
  /** The unit that the keyboard points at: for a screen reader, on the page, and how many pictures of weights there are. */
  readonly pointed: readonly [spoken: string, shown: string, fields: number];
  readonly violations: readonly string[];
  readonly overflow: number;
  readonly muddles: readonly string[];
}

async function visitWithMouse(page: Page, out: string): Promise<MouseVisit> {
  await chooseSmall(page);
  await page.click("#train");
  await waitFor(page, "train-status", /; epoch 1, /);
  await page.click("#pause");
  await page.waitForTimeout(300); // the current batch ends, and must not replace the status
  const paused = await textOf(page, "train-status");
  await page.click("#pause");
  await waitFor(page, "train-status", /^Done/);
  const status = await textOf(page, "train-status");
  await page.waitForSelector("#loss-plot svg");
  await page.click("#next-digit"); // its name stands below the pad
  const curves = await page.locator("#loss-plot path, #accuracy-plot path").count();

  const before = await rasterOf(page);
  await draw(page);
  await waitFor(page, "announcement", /The network says \d/);
  await waitForEnd(page);
  const rasters = [before, await rasterOf(page)] as const;
  const drawn = await page.evaluate(`(() => {
    const canvas = document.getElementById("seen");
    const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
    return Array.from({ length: data.length / 4 }, (_, i) => data[4 * i + 3]);
  })()`) as number[];

  const verdict = () => textOf(page, "verdict-text");
  const first = await verdict();
  const changed = (from: string) => page.locator("#verdict-text").filter({ hasNotText: from }).waitFor();
  await page.fill('[data-constant="threshold"] input', "0.5");
  await changed(first);
  const other = await verdict();
  await page.click("#reset-constants");
  await changed(other);
  const tuned = [first, other, await verdict()] as const;

  await save(page, `${out}/saved.safetensors`);
  const network = await textOf(page, "network-line");
  const refusals: string[] = [];
  await page.setInputFiles("#model-file", `${out}/damaged.safetensors`);
  await page.waitForSelector("#alert:not([hidden])");
  refusals.push(await textOf(page, "alert-text"));
  await page.click("#alert-close");
  await page.setInputFiles("#data-files", [`${out}/damaged.safetensors`, `${out}/saved.safetensors`]);
  await page.waitForSelector("#alert:not([hidden])");
  refusals.push(await textOf(page, "alert-text"));
  const after = await textOf(page, "network-line");
  await page.setInputFiles("#model-file", `${out}/saved.safetensors`);
  await waitFor(page, "network-line", /saved\.safetensors/);
  await save(page, `${out}/again.safetensors`);
  const names = [network, after, await textOf(page, "network-line")] as const;
  const announcement = await textOf(page, "announcement");

  await page.setInputFiles("#model-file", `${out}/small.safetensors`);
  await waitFor(page, "network-line", /small\.safetensors/);
  await page.fill("#epochs", "200");
  await page.click("#train");
  await waitFor(page, "network-line", /trained further/);
  await save(page, `${out}/midst.safetensors`);
  await page.click("#stop");
  await waitFor(page, "train-status", /^Stopped/);
  const trainsWhileReading = await page.evaluate(`(async () => {
    const dataTransfer = new DataTransfer();
    for (const part of ["train-images-idx3", "train-labels-idx1", "t10k-images-idx3", "t10k-labels-idx1"]) {
      const name = part + "-ubyte.gz", response = await fetch(name);
      dataTransfer.items.add(new File([await response.blob()], name));
    }
    document.dispatchEvent(new DragEvent("drop", { dataTransfer }));
    return !document.getElementById("train").hidden;
  })()`) as boolean;
  await waitFor(page, "data-line", /from your files/);
  await openMore(page);
  const letters = ["train-images-idx3", "train-labels-idx1", "t10k-images-idx3", "t10k-labels-idx1"];
  await page.setInputFiles("#data-files", letters.map((part) => `${out}/letters/${part}-ubyte`));
  await waitFor(page, "data-line", /^24 digits to learn from/);
  await page.click("#train");
  await page.waitForSelector("#alert:not([hidden])");
  refusals.push(await textOf(page, "alert-text"));
  page.once("dialog", (dialog) => dialog.accept());
  await page.setInputFiles("#model-file", `${out}/other.safetensors`);
  await waitFor(page, "network-line", /other\.safetensors/);
  await page.locator("#outputs li:nth-child(30)").filter({ hasText: "%" }).waitFor({ state: "attached" });
  const loaded = {
    off: await page.evaluate(
      `["hidden", "seed"].filter((id) => document.getElementById(id).disabled)`,
    ),
    rate: await page.inputValue("#rate"),
    names: await page.locator("#outputs .name").allTextContents(),
    verdict: await textOf(page, "verdict-name"),
  } as MouseVisit["loaded"];
  return {
    ...{ paused, status, curves, rasters, announcement, tuned, drawn },
    refusals,
    network: names,
    ...{ loaded, trainsWhileReading },
    muddles: await muddlesOf(page),
    violations: await violationsOf(page),
    overflow: await overflowOf(page),
  };
}

async function visitWithMaps(page: Page, out: string): Promise<MapsVisit> {
  await openMore(page);
  await page.selectOption("#preset", "conv-wide");
  await waitFor(page, "network-line", /the conv-wide network/);
  const preset = {
    network: await textOf(page, "network-line"),
    off: await page.evaluate(
      `["hidden", "seed"].filter((id) => document.getElementById(id).disabled)`,
    ) as string[],
  };
  const loaded: MapsVisit["loaded"][number][] = [];
  for (const name of ["colours", "conv"]) {
    await page.setInputFiles("#model-file", `${out}/${name}.safetensors`);
    await waitFor(page, "network-line", new RegExp(`${name}\\.safetensors`));
    await page.click("#clear");
    await draw(page);
    await waitFor(page, "announcement", /The network says /);
    await waitForEnd(page);
    const pixels = await page.evaluate(`(() => {
      const { width, height } = document.getElementById("seen");
      const canvas = Object.assign(document.createElement("canvas"), { width, height }), context = canvas.getContext("2d");
      context.drawImage(document.getElementById("seen"), 0, 0);
      return [...context.getImageData(0, 0, width, height).data];
    })()`) as number[];
    loaded.push({
      announcement: await textOf(page, "announcement"),
      alpha: pixels.filter((_, i) => i % 4 === 3),
      red: pixels.filter((_, i) => i % 4 === 0),
      maps: await page.locator("#layers figcaption").allTextContents(),
    });
  }
  const picture = () =>
    page.evaluate(`document.querySelector(".maps canvas").toDataURL()`) as Promise<string>;
  const last = await picture();
  await page.locator("#step").fill("1");
  const first = await picture();
  await page.fill("#epochs", "1");
  await page.fill("#batch", "500");
  await page.click("#train");
  await waitFor(page, "train-status", /^Done/);
  await save(page, `${out}/conv-trained.safetensors`);
  return {
    ...{ preset, loaded, pictures: [first, last], status: await textOf(page, "train-status") },
    violations: await violationsOf(page),
    overflow: await overflowOf(page),
  };
}

async function visitWithKeyboard(page: Page): Promise<KeyboardVisit> {
  await openMore(page);
  await tabTo(page, "#outputs [title='Show a 4']");
  await page.keyboard.press("Enter");
  await waitFor(page, "source", /new to it: a\s4/);
  await waitFor(page, "announcement", /The network says \d/);
  const announcement = await textOf(page, "announcement"), source = await textOf(page, "source");
  await tabTo(page, "#step");
  for (let steps = 0; steps < 3; steps++) await page.keyboard.press("ArrowLeft");
  const step = await textOf(page, "step-value");
  await tabTo(page, ".layer");
  for (let rows = 0; rows < 3; rows++) await page.keyboard.press("ArrowDown");
  const pointed = String(await page.getAttribute(".layer", "aria-valuetext")),
    unit = await textOf(page, "unit-text");
  const field = await page.locator("#field:not([hidden])").count();
  await page.keyboard.press("Escape");
  await tabTo(page, "#preset");
  for (let presets = 0; presets < 2; presets++) await page.keyboard.press("ArrowDown"); // feed-forward, the fastest
  await waitFor(page, "network-line", /1 step: the feed-forward network/);
  await tabTo(page, "#epochs");
  await page.keyboard.press("ArrowDown");
  await tabTo(page, "#train");
  await page.keyboard.press("Enter");
  await waitFor(page, "train-status", /^Done after 5 epochs/);
  return {
    ...{ announcement, source, step, status: await textOf(page, "train-status") },
    pointed: [pointed, unit, field],
    muddles: await muddlesOf(page),
    violations: await violationsOf(page),
    overflow: await overflowOf(page),
  };
}

async function visitWithFinger(page: Page): Promise<Visits["finger"]> {
  await openMore(page);
  await page.locator("#pad").scrollIntoViewIfNeeded();
  const { x = 0, y = 0, width = 0, height = 0 } = await page.locator("#pad").boundingBox() ?? {};
  const scroll = async () => Number(await page.evaluate("scrollY"));
  const before = await scroll(), touch = await page.context().newCDPSession(page);
  const put = (type: "touchStart" | "touchMove", across: number, down: number) =>
    touch.send("Input.dispatchTouchEvent", {
      type,
      touchPoints: [{ x: x + across * width, y: y + down * height }],
    });
  await put("touchStart", 0.5, 0.85);
  for (let moves = 1; moves <= 10; moves++) await put("touchMove", 0.5, 0.85 - 0.07 * moves);
  await touch.send("Input.dispatchTouchEvent", { type: "touchEnd", touchPoints: [] });
  await waitFor(page, "announcement", /The network says \d/);
  return { announcement: await textOf(page, "announcement"), scrolled: await scroll() - before };
}

async function visitWithWebGpu(page: Page, out: string): Promise<Visits["webGpu"]> {
  await openMore(page);
  await waitFor(page, "engine-note", /WebGPU's adapter/);
  await page.setInputFiles("#model-file", `${out}/small.safetensors`);
  await waitFor(page, "network-line", /small\.safetensors/);
  await page.fill("#epochs", "1");
  await page.fill("#batch", "1000");
  await page.selectOption("#engine", "webgpu");
  await page.click("#train");
  await waitFor(page, "train-status", /^WebGPU on /);
  const engine = await textOf(page, "train-status");
  await waitFor(page, "train-status", /^Done/);
  await save(page, `${out}/webgpu.safetensors`);
  return { note: await textOf(page, "engine-note"), engine, alert: await textOf(page, "alert-text") };
}

async function visitWithForcedColours(page: Page): Promise<Visits["forced"]> {
  await openMore(page);
  const backgrounds = await page.evaluate(`["#pad", "#seen", "#outputs .bar", ".key.blue"].map((selector) =>
    getComputedStyle(document.querySelector(selector)).backgroundColor)`) as string[];
  await page.selectOption("#preset", "notebook");
  await waitFor(page, "network-line", /the notebook network/);
  await page.fill("#hidden", "0");
  await page.dispatchEvent("#hidden", "change");
  await page.click("#train");
  return { backgrounds, status: await textOf(page, "train-status") };
}

/** Arrives at the page, and waits for what plays itself. */
async function visitAtFirst(page: Page): Promise<FirstVisit> {
  await until(page, `performance.getEntriesByName("moving").length > 0`);
  const bytes = Number(
    await page.evaluate(`(() => {
      const [{ startTime }] = performance.getEntriesByName("moving");
      const before = performance.getEntriesByType("resource").filter(({ responseEnd }) => responseEnd <= startTime);
      const [page] = performance.getEntriesByType("navigation");
      return [page, ...before].reduce((sum, { decodedBodySize }) => sum + decodedBodySize, 0);
    })()`),
  );
  const frames = [await rasterOf(page)];
  await page.waitForTimeout(300);
  frames.push(await rasterOf(page));
  const status = await textOf(page, "train-status");
  await waitFor(page, "source", /^Digit \d+ of /); // the next one, by itself
  return { bytes, frames, status, jumps: await jumpsOf(page) };
}

/** Points, clicks, silences the network, and shares what there is. */
async function visitWithFriend(page: Page): Promise<FriendVisit> {
  await openMore(page);
  await until(page, `document.getElementById("verdict-text").textContent.includes("spikes")`);
  await page.evaluate("scrollTo(0, 0)");
  const layer = await page.locator(".layer").boundingBox();
  const texts = [await textOf(page, "unit-text")];
  await page.mouse.move(layer!.x + 40, layer!.y + 5);
  texts.push(await textOf(page, "unit-text"));
  const overlay = await page.locator("#field:not([hidden])").count();
  const links = Number(
    await page.evaluate(`(() => {
      const { width, height } = document.getElementById("links");
      return document.getElementById("links").getContext("2d").getImageData(0, 0, width, height).data
        .filter((value, at) => at % 4 === 3 && value > 0).length;
    })()`),
  );
  await page.mouse.move(5, 5);

  await page.click("#clear");
  const pad = await page.locator("#pad").boundingBox();
  await page.mouse.click(pad!.x + 50, pad!.y + 60);
  await waitFor(page, "announcement", /The network /);
  const dot = Number(
    await page.evaluate(`document.getElementById("pad").getContext("2d").getImageData(0, 0, 280, 280).data
      .filter((value, at) => at % 4 === 3 && value > 0).length`),
  );

  await page.click("#outputs [title='Show a 3']");
  await waitForEnd(page);
  const costs = await textOf(page, "costs-bars");
  await page.fill('[data-constant="decay"] input', "0");
  await page.fill('[data-constant="threshold"] input', "4");
  await waitFor(page, "verdict-name", /^silent$/);
  const silent = [await textOf(page, "verdict-text"), await textOf(page, "verdict-help")];
  const violations = await violationsOf(page);
  await page.click("#verdict-help");
  await waitFor(page, "verdict-name", /^\d$/);

  await page.fill('[data-constant="threshold"] input', "1.25");
  await page.waitForTimeout(300);
  await page.evaluate("scrollTo(0, 1e6)");
  await page.evaluate("document.getElementById('share').open = true");
  await page.dispatchEvent("#copy-link", "click");
  await waitFor(page, "alert-text", /./);
  const toast = await page.evaluate(`(() => {
    const { top, bottom } = document.getElementById("alert").getBoundingClientRect();
    return top > 0 && bottom <= innerHeight;
  })()`) as boolean;
  const verdicts = [await textOf(page, "verdict-text")], link = page.url();
  const [picture] = await Promise.all([
    page.waitForEvent("download"),
    page.dispatchEvent("#save-picture", "click"),
  ]);
  const png = await Deno.readFile(await picture.path());
  const other = await page.context().newPage();
  await other.goto(link);
  await until(other, `document.getElementById("verdict-text").textContent.includes("spikes")`);
  verdicts.push(await textOf(other, "verdict-text"));
  await other.goto(link.replace(/draw=.*/, "draw=!"));
  await other.reload();
  await waitFor(other, "alert-text", /./);
  const damaged = await textOf(other, "alert-text");
  await other.evaluate(`(async () => {
    const canvas = new OffscreenCanvas(90, 60), context = canvas.getContext("2d");
    context.fillStyle = "#fff";
    context.fillRect(0, 0, 90, 60);
    context.fillStyle = "#000";
    context.fillRect(40, 10, 8, 40);
    const dataTransfer = new DataTransfer();
    dataTransfer.items.add(new File([await canvas.convertToBlob()], "one.png", { type: "image/png" }));
    document.dispatchEvent(new DragEvent("drop", { dataTransfer }));
  })()`);
  await waitFor(other, "source", /one\.png/);
  await waitFor(other, "announcement", /The network says/);
  const dropped = await textOf(other, "announcement");
  const narrow: number[] = [];
  for (const width of [320, 390, 1920]) {
    await other.setViewportSize({ width, height: 800 });
    narrow.push(await overflowOf(other));
  }
  return {
    violations,
    texts,
    overlay,
    links,
    dot,
    costs,
    silent,
    toast,
    verdicts,
    damaged,
    dropped,
    overflows: narrow,
    png: [...png.subarray(1, 4)],
  };
}

/** Opens the page as a file. */
async function visitAsFile(browser: Browser, folder: string): Promise<string> {
  const page = await browser.newPage();
  await page.goto(pathToFileURL(`${folder}/index.html`).href);
  await page.locator("#unserved").waitFor({ state: "visible" });
  return await page.locator("#unserved").innerText();
}

async function visit(folder: string, out: string): Promise<Visits> {
  await using plain = serveFolder(folder);
  await using isolating = serveFolder(folder, {
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-embedder-policy": "require-corp",
  });
  const complaints: string[] = [], strangers: string[] = [];
  await using browser = await chromium.launch({ executablePath: CHROMIUM, args: CHROMIUM_ARGUMENTS });
  await using withWebGpu = await chromium.launch({
    executablePath: CHROMIUM,
    args: [...CHROMIUM_ARGUMENTS, ...SOFTWARE_WEBGPU],
  });
  const visiting = async <Seen>(
    browser: Browser,
    url: string,
    options: BrowserContextOptions,
    use: (page: Page) => Promise<Seen>,
  ) => {
    const page = await openPage(browser, options, url, complaints, strangers);
    try {
      return await use(page);
    } catch (error) {
      throw new Error(
        `${error}\nthe page said: ${complaints.join("\n")} ${await textOf(page, "alert-text")}`,
      );
    } finally {
      await page.context().close();
    }
  };
  const desk = { viewport: { width: 1280, height: 800 }, colorScheme: "light" } as const;
  const phone = {
    viewport: { width: 375, height: 812 },
    colorScheme: "dark",
    reducedMotion: "reduce",
  } as const;
  return {
    first: await visiting(browser, plain.url, desk, visitAtFirst),
    jumpsOnPhone: await visiting(browser, plain.url, phone, async (page) => {
      await page.waitForSelector("#relearn:not([disabled])");
      const first = await jumpsOf(page);
      await page.locator("#pace").fill("4");
      await page.click("#relearn");
      await waitFor(page, "train-status", /^Done/);
      return [first, await jumpsOf(page)];
    }),
    friend: await visiting(browser, plain.url, { ...desk, reducedMotion: "reduce" }, visitWithFriend),
    mouse: await visiting(browser, plain.url, desk, (page) => visitWithMouse(page, out)),
    maps: await visiting(browser, plain.url, desk, (page) => visitWithMaps(page, out)),
    recordings: await visiting(
      browser,
      plain.url,
      { ...desk, reducedMotion: "reduce" },
      (page) => visitWithRecordings(page, out),
    ),
    pointing: await visiting(browser, plain.url, { ...desk, reducedMotion: "reduce" }, visitPointing),
    keyboard: await visiting(browser, plain.url, phone, visitWithKeyboard),
    isolated: await visiting(browser, isolating.url, desk, async (page) => {
      await chooseSmall(page);
      await page.click("#train");
      await waitFor(page, "train-status", /^Done/);
      await save(page, `${out}/isolated.safetensors`);
      return { status: await textOf(page, "train-status"), note: await textOf(page, "engine-note") };
    }),
    forced: await visiting(browser, plain.url, { ...desk, forcedColors: "active" }, visitWithForcedColours),
    file: {
      says: await visitAsFile(browser, folder),
      whenServed: await visiting(browser, plain.url, desk, async (page) => {
        await openMore(page);
        return await page.locator("#unserved").count();
      }),
    },
    finger: await visiting(browser, plain.url, { ...phone, hasTouch: true, isMobile: true }, visitWithFinger),
    webGpu: await visiting(withWebGpu, plain.url, desk, (page) => visitWithWebGpu(page, out)),
    complaints,
    strangers,
  };
}

async function openPage(
  browser: Browser,
  options: BrowserContextOptions,
  url: string,
  complaints: string[],
  strangers: string[],
): Promise<Page> {
  const context = await browser.newContext({ ...options, acceptDownloads: true });
  context.setDefaultTimeout(60_000);
  const page = await context.newPage();
  page.on("console", (message) => {
    if (message.text() !== "No available adapters.") complaints.push(message.text());
  });
  page.on("pageerror", (error) => complaints.push(error.message));
  page.on("request", (request) => {
    const address = request.url();
    if (!address.startsWith(url) && !/^(data|blob):/.test(address)) strangers.push(address);
  });
  await page.goto(url);
  return page;
}

if (import.meta.main) {
  const [folder = "", out = ""] = Deno.args;
  console.log(JSON.stringify(await visit(folder, out)));
  Deno.exit(0);
}

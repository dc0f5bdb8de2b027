/**
 * Uses the page in Chromium as a visitor would: `deno run -A tests/playground/visit.ts PAGE OUT`. A program of its own, since playwright
 * looks at files below /proc, for which Deno wants every permission.
 *
 * PAGE is the built page. What it saves, a model to begin with and a damaged one that it is to refuse, lie in OUT. Prints one line of JSON, a {@linkcode Visits}.
 *
 * @module
 */
import { type Browser, type BrowserContextOptions, chromium, type Page } from "playwright-core";
import { fileURLToPath, pathToFileURL } from "node:url";
import { CHROMIUM, CHROMIUM_ARGUMENTS, SOFTWARE_WEBGPU } from "../chromium.ts";
import { serveFolder } from "./static_server.ts";

/** What a visitor saw. */
export interface Visits {
  readonly mouse: MouseVisit;
  readonly keyboard: KeyboardVisit;
  readonly isolated: { readonly status: string; readonly note: string };
  /** With a finger, on a phone: what the drawing was taken for, and how far the page was scrolled by it, in pixels. */
  readonly finger: { readonly announcement: string; readonly scrolled: number };
  /** In a browser with WebGPU: what is said of it, and which engine trains. */
  readonly webGpu: { readonly note: string; readonly engine: string; readonly alert: string };
  /** With forced colours: the backgrounds of what says nothing without its own, and what comes of training with a field amiss. */
  readonly forced: { readonly backgrounds: readonly string[]; readonly status: string };
  /** Opened as a file, not from a server: what it says; and how often it says it where it comes from one. */
  readonly file: { readonly says: string; readonly whenServed: number };
  /** Errors, and what the console said, but for Chromium's own word on GPUs. */
  readonly complaints: readonly string[];
  /** Addresses of other servers that were asked for something. */
  readonly strangers: readonly string[];
}

/** With a mouse, at a desk, in the light. */
export interface MouseVisit {
  /** After training was paused, gone on with and ended. */
  readonly paused: string;
  readonly status: string;
  readonly curves: number;
  /** The raster of the hidden layer before and after the drawing, as images. */
  readonly rasters: readonly [before: string, after: string];
  readonly announcement: string;
  /** What the verdict says before a slider is moved, after, and after the reset. */
  readonly tuned: readonly [before: string, after: string, reset: string];
  /** The picture that was asked about, 784 bytes. */
  readonly drawn: readonly number[];
  /** The alert about a damaged model and about four files that are none, and the network that there is then. */
  readonly refusals: readonly string[];
  readonly network: readonly [before: string, after: string, loaded: string];
  /** Of a loaded network: which controls are off, and with which learning rate it is trained on. */
  readonly loaded: {
    readonly off: readonly string[];
    readonly rate: string;
    /** Beside the bars, and in the verdict and the legend, as they are read. */
    readonly names: readonly string[];
    readonly verdict: string;
    readonly legend: readonly string[];
  };
  /** Whether training can begin while dropped files are read. */
  readonly trainsWhileReading: boolean;
  readonly violations: readonly string[];
  readonly overflow: number;
  readonly muddles: readonly string[];
}

/** With a keyboard, on a phone, in the dark. */
export interface KeyboardVisit {
  readonly announcement: string;
  readonly source: string;
  readonly status: string;
  readonly step: string;
  readonly violations: readonly string[];
  readonly overflow: number;
  readonly muddles: readonly string[];
}

const axe = await Deno.readTextFile(fileURLToPath(new URL("axe.min.js", import.meta.resolve("axe-core"))));

async function violationsOf(page: Page): Promise<string[]> {
  await page.evaluate(axe);
  const found = await page.evaluate(
    `axe.run().then(({ violations }) => violations.map(({ id, impact, nodes }) =>
      impact + " " + id + ": " + nodes.length + " times, first " + nodes[0].html.slice(0, 200)))`,
  );
  return Array.isArray(found) ? found.map(String) : [];
}

const overflowOf = async (page: Page) =>
  Number(await page.evaluate("document.documentElement.scrollWidth - innerWidth"));
/** Words of plots that lie on each other, and steps that are not whole. */
const muddlesOf = async (page: Page) =>
  await page.evaluate(`[...document.querySelectorAll("svg.plot")].flatMap((plot) => {
    const texts = [...plot.querySelectorAll("text")].map((text) => [text.textContent, text.getBoundingClientRect()]);
    const lie = texts.flatMap(([a, p], i) => texts.slice(i + 1).flatMap(([b, q]) =>
      Math.min(p.right, q.right) - Math.max(p.left, q.left) > 1 && Math.min(p.bottom, q.bottom) - Math.max(p.top, q.top) > 1
        ? [a + " on " + b] : []));
    const bottom = plot.getBoundingClientRect().bottom - 40;
    return [...lie, ...texts.flatMap(([a, p]) => p.top > bottom && /[.]/.test(a) ? ["step " + a] : [])];
  })`) as string[];
const textOf = async (page: Page, id: string) =>
  (await page.textContent(`#${id}`) ?? "").replaceAll("\u00a0", " ");
const rasterOf = async (page: Page) =>
  String(await page.evaluate("document.querySelector('#rasters figure:last-child canvas').toDataURL()"));
const waitFor = (page: Page, id: string, hasText: RegExp) =>
  page.locator(`#${id}`).filter({ hasText }).waitFor({ state: "attached" });

/** A small network, and epochs enough to be paused in their midst. */
async function chooseSmall(page: Page): Promise<void> {
  await page.waitForSelector("#train:not([disabled])");
  for (const [id, value] of [["hidden", "20"], ["epochs", "8"], ["batch", "250"]] as const) {
    await page.fill(`#${id}`, value);
    await page.dispatchEvent(`#${id}`, "change");
    if (id === "hidden") await waitFor(page, "network-line", /784–20–10/);
  }
}

/** Draws a seven. */
async function draw(page: Page): Promise<void> {
  const pad = page.locator("#pad");
  await pad.scrollIntoViewIfNeeded();
  const { x = 0, y = 0, width = 0, height = 0 } = await pad.boundingBox() ?? {};
  const at = (across: number, down: number) => [x + across * width, y + down * height] as const;
  await page.mouse.move(...at(0.3, 0.25));
  await page.mouse.down();
  await page.mouse.move(...at(0.7, 0.25), { steps: 5 });
  await page.mouse.move(...at(0.45, 0.8), { steps: 5 });
  await page.mouse.up();
}

async function save(page: Page, path: string): Promise<void> {
  const [download] = await Promise.all([page.waitForEvent("download"), page.click("#save")]);
  await download.saveAs(path);
}

async function visitWithMouse(page: Page, out: string): Promise<MouseVisit> {
  await chooseSmall(page);
  await page.click("#train");
  await waitFor(page, "train-status", /^Epoch 1, batch \d+ of 20/);
  await page.click("#pause");
  await page.waitForTimeout(300); // the batch of that moment ends, and is told of
  const paused = await textOf(page, "train-status");
  await page.click("#pause");
  await waitFor(page, "train-status", /^Done/);
  const status = await textOf(page, "train-status");
  await page.waitForSelector("#loss-plot svg");
  const curves = await page.locator("#loss-plot path, #accuracy-plot path").count();

  const before = await rasterOf(page);
  await draw(page);
  await waitFor(page, "announcement", /The network says \d/);
  await waitFor(page, "play", /^Play$/); // the spikes have travelled
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
    return !document.getElementById("train").disabled;
  })()`) as boolean;
  await waitFor(page, "data-line", /from your files/);
  await page.waitForSelector("#train:not([disabled])");
  const letters = ["train-images-idx3", "train-labels-idx1", "t10k-images-idx3", "t10k-labels-idx1"];
  await page.setInputFiles("#data-files", letters.map((part) => `${out}/letters/${part}-ubyte`));
  await waitFor(page, "data-line", /^24 digits to learn from/);
  await page.click("#train");
  await page.waitForSelector("#alert:not([hidden])");
  refusals.push(await textOf(page, "alert-text"));
  page.once("dialog", (dialog) => dialog.accept());
  await page.setInputFiles("#model-file", `${out}/other.safetensors`);
  await waitFor(page, "network-line", /other\.safetensors/);
  await page.locator("#bars li:nth-child(30)").filter({ hasText: "%" }).waitFor({ state: "attached" });
  const loaded = {
    off: await page.evaluate(
      `["hidden", "seed", "fresh"].filter((id) => document.getElementById(id).disabled)`,
    ),
    rate: await page.inputValue("#rate"),
    names: await page.locator("#bars li span:first-child").allTextContents(),
    verdict: await textOf(page, "verdict-name"),
    legend: await page.locator("#potentials .legend span").allTextContents(),
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

/** Goes from one control to the next until it has come to the one that is meant. */
async function tabTo(page: Page, selector: string): Promise<void> {
  for (let tabs = 0; tabs < 60; tabs++) {
    if (await page.evaluate(`document.activeElement?.matches(${JSON.stringify(selector)}) ?? false`)) return;
    await page.keyboard.press("Tab");
  }
  throw new Error(`${selector}: the keyboard does not come to it`);
}

async function visitWithKeyboard(page: Page): Promise<KeyboardVisit> {
  await page.waitForSelector("#train:not([disabled])");
  await tabTo(page, "[aria-label='Test digit 4']");
  await page.keyboard.press("Enter");
  await waitFor(page, "announcement", /The network says \d/);
  const announcement = await textOf(page, "announcement"), source = await textOf(page, "source");
  await tabTo(page, "#step");
  for (let steps = 0; steps < 3; steps++) await page.keyboard.press("ArrowLeft");
  const step = await textOf(page, "step-value");
  await tabTo(page, "#preset");
  await page.keyboard.press("ArrowDown"); // feed-forward, the quickest
  await waitFor(page, "network-line", /1 step: the feed-forward network/);
  await tabTo(page, "#epochs");
  await page.keyboard.press("ArrowDown");
  await tabTo(page, "#train");
  await page.keyboard.press("Enter");
  await waitFor(page, "train-status", /^Done after 5 epochs/);
  return {
    ...{ announcement, source, step, status: await textOf(page, "train-status") },
    muddles: await muddlesOf(page),
    violations: await violationsOf(page),
    overflow: await overflowOf(page),
  };
}

async function visitWithFinger(page: Page): Promise<Visits["finger"]> {
  await page.waitForSelector("#train:not([disabled])");
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
  await page.waitForSelector("#train:not([disabled])");
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
  await page.waitForSelector("#train:not([disabled])");
  const backgrounds = await page.evaluate(`["#pad", "#seen", ".bar", ".key.blue"].map((selector) =>
    getComputedStyle(document.querySelector(selector)).backgroundColor)`) as string[];
  await page.fill("#hidden", "0");
  await page.dispatchEvent("#hidden", "change");
  await page.click("#train");
  return { backgrounds, status: await textOf(page, "train-status") };
}

/** Opens the page as by a double click. */
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
    mouse: await visiting(browser, plain.url, desk, (page) => visitWithMouse(page, out)),
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
        await page.waitForSelector("#train:not([disabled])");
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
    const asked = request.url();
    if (!asked.startsWith(url) && !/^(data|blob):/.test(asked)) strangers.push(asked);
  });
  await page.goto(url);
  return page;
}

if (import.meta.main) {
  const [folder = "", out = ""] = Deno.args;
  console.log(JSON.stringify(await visit(folder, out)));
  Deno.exit(0);
}

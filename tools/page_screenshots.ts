/**
 * Photographs the page that learns in Debian's chromium, in each of its states.
 *
 *     deno run -A tools/page_screenshots.ts [FOLDER]
 *
 * FOLDER takes all pictures: each state at each size, light and dark. Without it those of the documentation are made anew, and
 * `playground/card.png`, the picture that others show beside a link to the page. `-A` as for `screenshots.ts`. It prints how long the
 * page took to its first moving frame, too, and the bytes that it had fetched by then.
 */
import { type Browser, chromium, type Page } from "playwright-core";
import { Buffer } from "node:buffer";
import { join, resolve } from "node:path";
import { count } from "../src/text/figures.ts";
import { CHROMIUM, CHROMIUM_ARGUMENTS } from "../tests/chromium.ts";
import { draw, openMore, until, waitFor } from "../tests/playground/page_actions.ts";
import { serveFolder } from "../tests/playground/static_server.ts";
import { save } from "./save_picture.ts";
import { callDeno, ROOT } from "./steps.ts";

/** How the page comes into each state. */
const STATES = {
  first: () => Promise.resolve(),
  /** In the midst of a digit's steps. */
  moving: async (page: Page) => {
    await page.locator("#step").fill("30");
  },
  pointing: async (page: Page) => {
    const { x = 0, y = 0, height = 0 } = await page.locator(".layer").boundingBox() ?? {};
    await page.mouse.move(x + 50, y + 0.76 * height);
  },
  drawing: async (page: Page) => {
    await page.click("#clear");
    await draw(page);
    await waitFor(page, "announcement", /The network /);
  },
  training: async (page: Page) => {
    await page.locator("#pace").fill("1");
    await page.click("#relearn");
    await page.waitForTimeout(6000);
  },
  trained: async (page: Page) => {
    await page.click("#relearn");
    await waitFor(page, "train-status", /^Done/);
    await page.waitForTimeout(600); // its curve is drawn
  },
  error: async (page: Page) => {
    await page.setInputFiles("#model-file", {
      name: "damaged.safetensors",
      mimeType: "application/octet-stream",
      buffer: Buffer.from("not a model"),
    });
    await waitFor(page, "alert-text", /./);
  },
  silent: async (page: Page) => {
    await openMore(page);
    for (const [constant, value] of [["decay", "0"], ["threshold", "4"]] as const) {
      await page.fill(`[data-constant="${constant}"] input`, value);
    }
    await page.click("#more > summary");
    await waitFor(page, "verdict-name", /^silent$/);
  },
} as const;

type State = keyof typeof STATES;

const SIZES = [[390, 844], [1280, 800], [1920, 1080]] as const;
const SCHEMES = ["light", "dark"] as const;

/** One picture. */
interface Picture {
  readonly file: string;
  readonly state: State;
  readonly size: typeof SIZES[number];
  readonly scheme: typeof SCHEMES[number];
  /** The whole page, or what a window shows. */
  readonly isWhole: boolean;
}

/** Every state, at every size. */
const ALL = Object.keys(STATES).flatMap((state) =>
  SIZES.flatMap((size) =>
    SCHEMES.map((scheme) => ({
      file: `${state}-${size[0]}-${scheme}.png`,
      state,
      size,
      scheme,
      isWhole: false,
    }))
  )
) as readonly Picture[];

/** Those of docs/page.md and README.md. */
const DOCUMENTED: readonly Picture[] = [
  { file: "page.png", state: "trained", size: SIZES[1], scheme: "light", isWhole: true },
  { file: "page-dark.png", state: "pointing", size: SIZES[1], scheme: "dark", isWhole: false },
  { file: "page-phone.png", state: "first", size: SIZES[0], scheme: "light", isWhole: false },
  { file: "page-phone-dark.png", state: "training", size: SIZES[0], scheme: "dark", isWhole: false },
];

/** Opens the page, without motion, and brings it into a state. */
async function open(
  browser: Browser,
  url: string,
  { state, size, scheme }: Omit<Picture, "file" | "isWhole">,
) {
  const [width, height] = size;
  const context = await browser.newContext({
    viewport: { width, height },
    colorScheme: scheme,
    reducedMotion: "reduce",
    acceptDownloads: true,
  });
  const page = await context.newPage();
  await page.goto(url);
  await page.waitForSelector("#relearn:not([disabled])");
  await STATES[state](page);
  await page.evaluate(`scrollTo(0, ${state === "error" ? 600 : 0})`);
  await page.waitForTimeout(300);
  return page;
}

/** Saves the picture that the page itself offers to share. */
async function saveCard(browser: Browser, url: string): Promise<void> {
  const page = await open(browser, url, { state: "first", size: SIZES[1], scheme: "dark" });
  const [download] = await Promise.all([
    page.waitForEvent("download"),
    page.dispatchEvent("#save-picture", "click"),
  ]);
  await save(join(ROOT, "playground", "card.png"), await Deno.readFile(await download.path()));
  await page.context().close();
}

/** Tells how long the page took until it moved, and what it had fetched. */
async function measure(browser: Browser, url: string): Promise<void> {
  for (let i = 0; i < 5; i++) {
    const page = await browser.newPage();
    await page.goto(url);
    await until(page, `performance.getEntriesByName("moving").length > 0`);
    const time = Number(await page.evaluate(`performance.getEntriesByName("moving")[0].startTime`));
    const bytes = Number(
      await page.evaluate(`performance.getEntriesByType("resource")
        .filter(({ responseEnd }) => responseEnd <= performance.getEntriesByName("moving")[0].startTime)
        .reduce((sum, { decodedBodySize }) => sum + decodedBodySize, 0)`),
    );
    console.log(`first moving frame after ${count(time)} ms and ${count(bytes)} bytes besides index.html`);
    await page.close();
  }
}

if (import.meta.main) {
  const [folder] = Deno.args;
  const built = await Deno.makeTempDir({ prefix: "spikelet-pictures-" });
  const browser = await chromium.launch({ executablePath: CHROMIUM, args: CHROMIUM_ARGUMENTS });
  try {
    await callDeno([
      "run",
      "-A",
      "--unstable-bundle",
      "tools/page.ts",
      "--out",
      join(built, "page"),
      "--quiet",
    ]);
    await using server = serveFolder(join(built, "page"));
    await measure(browser, server.url);
    for (const picture of folder === undefined ? DOCUMENTED : ALL) {
      const page = await open(browser, server.url, picture);
      const bytes = await page.screenshot({ fullPage: picture.isWhole });
      await save(join(folder === undefined ? join(ROOT, "docs") : resolve(folder), picture.file), bytes);
      await page.context().close();
    }
    if (folder === undefined) await saveCard(browser, server.url);
  } finally {
    await browser.close();
    await Deno.remove(built, { recursive: true });
  }
  Deno.exit(0);
}

/**
 * Opens pages in Chromium and checks them with axe-core: `deno run -A tests/report/axe.ts PAGE…`. It is a program, since
 * playwright reads files below /proc, for which Deno requires every permission.
 *
 * Prints one line of JSON: an {@linkcode AxeResult} for each page, screen and colour scheme.
 *
 * @module
 */
import { chromium, type Page } from "playwright-core";
import { fileURLToPath, pathToFileURL } from "node:url";
import { CHROMIUM, CHROMIUM_ARGUMENTS } from "../chromium.ts";

/** The findings on one page. */
export interface AxeResult {
  readonly page: string;
  readonly width: number;
  readonly colorScheme: string;
  /** Violated rules, with their impact and the first place. */
  readonly violations: readonly string[];
  /** The browser's requests besides the page itself. */
  readonly requests: readonly string[];
  /** The browser's errors. */
  readonly complaints: readonly string[];
  /** The page's width minus the screen's. */
  readonly overflow: number;
  /** The size of the smallest letters in a plot, in CSS pixels. */
  readonly letters: number;
  /** Whether the link to the top leads there by the keyboard, and Tab goes on to the contents. */
  readonly leadsBack: boolean;
}

const SCREENS = [[1280, "light", "none"], [390, "dark", "none"], [360, "light", "active"]] as const;

/** Of axes, cells and captions in plots; a picture of a network is scrolled, and a rotated letter is as large as another. */
const SMALLEST_LETTERS = `Math.min(...[...document.querySelectorAll("svg.plot text")].map((text) => {
  const { a, b } = text.getScreenCTM();
  return parseFloat(getComputedStyle(text).fontSize) * Math.hypot(a, b);
}))`;

/** Scrolls down, follows the link to the top with Enter, and goes on with Tab. */
async function returnToTop(page: Page): Promise<boolean> {
  await page.evaluate("scrollTo(0, 3 * innerHeight)");
  await page.focus("a[href='#top']");
  await page.keyboard.press("Enter");
  const top = await page.evaluate("document.activeElement?.id === 'top' && scrollY === 0");
  await page.keyboard.press("Tab");
  return top === true &&
    await page.evaluate("document.querySelector('header').contains(document.activeElement)") === true;
}

async function look(paths: readonly string[]): Promise<AxeResult[]> {
  const axe = await Deno.readTextFile(fileURLToPath(new URL("axe.min.js", import.meta.resolve("axe-core"))));
  const browser = await chromium.launch({ executablePath: CHROMIUM, args: CHROMIUM_ARGUMENTS });
  const results: AxeResult[] = [];
  try {
    for (const path of paths) {
      for (const [width, colorScheme, forcedColors] of SCREENS) {
        // The page's policy blocks every script, also axe's, so this context bypasses it.
        const context = await browser.newContext({
          viewport: { width, height: 900 },
          colorScheme,
          forcedColors,
          bypassCSP: true,
        });
        const page = await context.newPage();
        const requests: string[] = [], complaints: string[] = [];
        const url = pathToFileURL(path).href;
        page.on("request", (request) => {
          if (request.url() !== url && !request.url().startsWith("data:")) requests.push(request.url());
        });
        page.on("console", (message) => complaints.push(message.text()));
        page.on("pageerror", (error) => complaints.push(error.message));
        await page.goto(url);
        const overflow = await page.evaluate("document.documentElement.scrollWidth - innerWidth");
        const letters = await page.evaluate(SMALLEST_LETTERS);
        const leadsBack = await returnToTop(page);
        await page.evaluate(axe);
        const found = await page.evaluate(
          `axe.run().then(({ violations }) => violations.map(({ id, impact, nodes }) =>
            impact + " " + id + ": " + nodes.length + " times, first " + nodes[0].html.slice(0, 200)))`,
        );
        results.push({
          page: path,
          width,
          colorScheme,
          violations: Array.isArray(found) ? found.map(String) : [],
          requests,
          complaints,
          overflow: Number(overflow),
          letters: Number(letters),
          leadsBack,
        });
        await context.close();
      }
    }
  } finally {
    await browser.close();
  }
  return results;
}

if (import.meta.main) console.log(JSON.stringify(await look(Deno.args)));

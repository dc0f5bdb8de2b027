/**
 * Opens pages in Chromium and has axe-core look at them: `deno run -A tests/report/axe.ts PAGE…`. A program of its own, since
 * playwright looks at files below /proc, for which Deno wants every permission.
 *
 * Prints one line of JSON: an {@linkcode AxeResult} a page, screen and colour scheme.
 *
 * @module
 */
import { chromium } from "playwright-core";
import { fileURLToPath, pathToFileURL } from "node:url";
import { CHROMIUM, CHROMIUM_ARGUMENTS } from "../chromium.ts";

/** What was found on one page. */
export interface AxeResult {
  readonly page: string;
  readonly width: number;
  readonly colorScheme: string;
  /** Rules that were broken, with their impact and the first place. */
  readonly violations: readonly string[];
  /** What the browser asked for besides the page itself. */
  readonly requests: readonly string[];
  /** What the browser complained of. */
  readonly complaints: readonly string[];
  /** How much wider than the screen the page is. */
  readonly overflow: number;
}

async function look(paths: readonly string[]): Promise<AxeResult[]> {
  const axe = await Deno.readTextFile(fileURLToPath(new URL("axe.min.js", import.meta.resolve("axe-core"))));
  const browser = await chromium.launch({ executablePath: CHROMIUM, args: CHROMIUM_ARGUMENTS });
  const results: AxeResult[] = [];
  try {
    for (const path of paths) {
      for (const [width, colorScheme] of [[1280, "light"], [360, "dark"]] as const) {
        // The page's own policy keeps every script out, also axe's: so this context passes it by.
        const context = await browser.newContext({
          viewport: { width, height: 900 },
          colorScheme,
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

/**
 * Opens pages in Chromium and checks them with axe-core: `deno run -A tests/report/axe.ts PAGE…`. It is a program, since
 * playwright reads files below /proc, for which Deno requires every permission.
 *
 * Prints one line of JSON: an {@linkcode AxeResult} for each page, screen and colour scheme.
 *
 * @module
 */
import { chromium } from "playwright-core";
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
}

async function look(paths: readonly string[]): Promise<AxeResult[]> {
  const axe = await Deno.readTextFile(fileURLToPath(new URL("axe.min.js", import.meta.resolve("axe-core"))));
  const browser = await chromium.launch({ executablePath: CHROMIUM, args: CHROMIUM_ARGUMENTS });
  const results: AxeResult[] = [];
  try {
    for (const path of paths) {
      for (const [width, colorScheme] of [[1280, "light"], [360, "dark"]] as const) {
        // The page's policy blocks every script, also axe's, so this context bypasses it.
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

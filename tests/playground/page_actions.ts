/**
 * What the visits of the page have in common: waiting, drawing, saving, and checks of the page.
 *
 * @module
 */
import type { Page } from "playwright-core";
import { fileURLToPath } from "node:url";

const axe = await Deno.readTextFile(fileURLToPath(new URL("axe.min.js", import.meta.resolve("axe-core"))));

/** The violations that axe-core finds. */
export async function violationsOf(page: Page): Promise<string[]> {
  await page.evaluate(axe);
  const found = await page.evaluate(
    `axe.run().then(({ violations }) => violations.map(({ id, impact, nodes }) =>
      impact + " " + id + ": " + nodes.length + " times, first " + nodes[0].html.slice(0, 200)))`,
  );
  return Array.isArray(found) ? found.map(String) : [];
}

/** The page's width minus the window's, in pixels. */
export const overflowOf = async (page: Page) =>
  Number(await page.evaluate("document.documentElement.scrollWidth - innerWidth"));
/** Overlapping texts of plots, and ticks of steps that are not whole. */
export const muddlesOf = async (page: Page) =>
  await page.evaluate(`[...document.querySelectorAll("svg.plot")].flatMap((plot) => {
    const texts = [...plot.querySelectorAll("text")].map((text) => [text.textContent, text.getBoundingClientRect()]);
    const lie = texts.flatMap(([a, p], i) => texts.slice(i + 1).flatMap(([b, q]) =>
      Math.min(p.right, q.right) - Math.max(p.left, q.left) > 1 && Math.min(p.bottom, q.bottom) - Math.max(p.top, q.top) > 1
        ? [a + " on " + b] : []));
    const bottom = plot.getBoundingClientRect().bottom - 40;
    return [...lie, ...texts.flatMap(([a, p]) => p.top > bottom && /[.]/.test(a) ? ["step " + a] : [])];
  })`) as string[];
/** The text of the element with this id. */
export const textOf = async (page: Page, id: string) =>
  (await page.textContent(`#${id}`) ?? "").replaceAll("\u00a0", " ");
/** The picture of the first layer's raster. */
export const rasterOf = async (page: Page) =>
  String(await page.evaluate("document.querySelector('.layer').toDataURL()"));
/** Waits until the steps have run. */
export const waitForEnd = (page: Page) =>
  page.waitForSelector("#play[aria-label='Play']", { state: "attached" });
/** How far the layout has jumped by itself (CLS), up to now. */
export const jumpsOf = async (page: Page) =>
  Number(
    await page.evaluate(`new Promise((resolve) => {
      let sum = 0;
      const add = (entries) => entries.forEach((entry) => sum += entry.hadRecentInput ? 0 : entry.value);
      new PerformanceObserver((list) => add(list.getEntries())).observe({ type: "layout-shift", buffered: true });
      setTimeout(() => resolve(sum), 200);
    })`),
  );
/** Waits until a network can be trained, and opens what is behind More. */
export async function openMore(page: Page): Promise<void> {
  await page.waitForSelector("#train:not([hidden])");
  if (await page.locator("#more[open]").count() === 0) await page.click("#more > summary");
}
/** Waits for a text in the element with this id. */
export const waitFor = (page: Page, id: string, hasText: RegExp) =>
  page.locator(`#${id}`).filter({ hasText }).waitFor({ state: "attached" });

/** Waits until an expression is true; the page's policy forbids playwright's own way. */
export async function until(page: Page, expression: string): Promise<void> {
  for (let tries = 0; tries < 600; tries++) {
    if (await page.evaluate(expression)) return;
    await page.waitForTimeout(50);
  }
  throw new Error(`${expression}: it did not become true`);
}

/** Chooses a small network of the notebook's, with enough epochs for a pause among them. */
export async function chooseSmall(page: Page): Promise<void> {
  await openMore(page);
  await page.selectOption("#preset", "notebook");
  await waitFor(page, "network-line", /the notebook network/);
  for (const [id, value] of [["hidden", "50"], ["epochs", "8"], ["batch", "250"]] as const) {
    await page.fill(`#${id}`, value);
    await page.dispatchEvent(`#${id}`, "change");
    if (id === "hidden") await waitFor(page, "network-line", /784–50–10/);
  }
}

/** Draws a seven. */
export async function draw(page: Page): Promise<void> {
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

/** Saves the model to a path. */
export async function save(page: Page, path: string): Promise<void> {
  const [download] = await Promise.all([page.waitForEvent("download"), page.click("#save")]);
  await download.saveAs(path);
}

/** Presses Tab until a control has the focus. */
export async function tabTo(page: Page, selector: string): Promise<void> {
  for (let tabs = 0; tabs < 60; tabs++) {
    if (await page.evaluate(`document.activeElement?.matches(${JSON.stringify(selector)}) ?? false`)) return;
    await page.keyboard.press("Tab");
  }
  throw new Error(`${selector}: the keyboard does not come to it`);
}

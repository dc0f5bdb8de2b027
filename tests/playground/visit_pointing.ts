/**
 * A visit of somebody who points at units, draws over a digit that is shown, and lets the network learn from nothing.
 *
 * @module
 */
import type { Page } from "playwright-core";
import { draw, openMore, textOf, waitFor } from "./page_actions.ts";

/** What is seen of the unit that is shown. */
export interface SeenUnit {
  /** What it is called below the rasters, and for a screen reader. */
  readonly text: string;
  readonly spoken: string;
  /** What is said of its weights; nothing where none are shown. */
  readonly help: string;
  /** Where the mark stands, as a share of the rows' height in percent. */
  readonly mark: string;
  /** Whether the row there is lit. */
  readonly isLit: boolean;
}

/** Units that were pointed at, and the return of the network of the beginning. */
export interface PointingVisit {
  /** Nothing pointed at; one kept by a click; the mouse over another; the mouse gone; pressed again. */
  readonly desk: readonly SeenUnit[];
  /** One kept, and then a drawing over the digit that was shown: its ink, and that of the same one on an empty pad. */
  readonly drawn: SeenUnit;
  readonly ink: readonly [over: number, onEmpty: number];
  /** One that is kept while the network learns anew: before and after. */
  readonly kept: readonly [before: SeenUnit, after: SeenUnit];
  /** The button that brings the first network back: at first, and after it learned anew; and the network that it brings. */
  readonly offered: readonly [first: boolean, after: boolean];
  readonly network: string;
}

/** Visits without motion. */
export async function visitPointing(page: Page): Promise<PointingVisit> {
  await page.waitForSelector("#relearn:not([disabled])");
  const isOffered = () => page.locator("#trained").isVisible(), offered = await isOffered();
  const { x = 0, y = 0, height = 0 } = await page.locator(".layer").boundingBox() ?? {};
  const over = (share: number) => page.mouse.move(x + 40, y + share * height);
  const away = () => page.mouse.move(x + 40, y - 40);
  const click = async (share: number) => {
    await over(share);
    await page.mouse.down();
    await page.mouse.up();
  };
  const desk = [await seenOf(page)];
  await click(0.8);
  desk.push(await seenOf(page));
  await over(0.2);
  desk.push(await seenOf(page));
  await away();
  desk.push(await seenOf(page));
  await click(0.8);
  await away();
  desk.push(await seenOf(page));

  await click(0.5);
  await draw(page);
  await waitFor(page, "announcement", /The network /);
  const drawn = await seenOf(page), inkOver = await inkOf(page);
  await page.click("#clear");
  await draw(page);
  await waitFor(page, "announcement", /The network /);
  const ink = [inkOver, await inkOf(page)] as const;

  await click(0.5);
  await away();
  const kept = [await seenOf(page)];
  await openMore(page);
  await page.fill("#epochs", "1");
  await page.click("#relearn");
  await waitFor(page, "train-status", /^Done/);
  kept.push(await seenOf(page));
  const offeredAfter = await isOffered();
  page.once("dialog", (dialog) => dialog.accept());
  await page.click("#trained");
  await waitFor(page, "network-line", /the built-in network$/);
  return {
    desk,
    drawn,
    ink,
    kept: [kept[0]!, kept[1]!],
    offered: [offered, offeredAfter],
    network: await textOf(page, "network-line"),
  };
}

async function seenOf(page: Page): Promise<SeenUnit> {
  await page.waitForTimeout(60); // a frame
  const isPointing = await page.locator("#hero.pointing").count() > 0;
  return {
    text: await textOf(page, "unit-text"),
    spoken: await page.getAttribute(".layer", "aria-valuetext") ?? "",
    help: isPointing ? await textOf(page, "unit-help") : "",
    mark: String(await page.evaluate(`document.querySelector(".mark").style.top`)),
    // No spike is drawn at the very edge.
    isLit: Boolean(
      await page.evaluate(`(() => {
        const rows = document.querySelector(".layer"), share = parseFloat(document.querySelector(".mark").style.top) / 100;
        // Through another canvas: the page's own is not for reading.
        const pixel = new OffscreenCanvas(1, 1).getContext("2d", { willReadFrequently: true });
        pixel.drawImage(rows, 0, -Math.floor(share * rows.height));
        return pixel.getImageData(0, 0, 1, 1).data[3] > 0;
      })()`),
    ),
  };
}

/** How many pixels of the pad have ink. */
async function inkOf(page: Page): Promise<number> {
  return Number(
    await page.evaluate(`(() => {
      const pad = document.getElementById("pad"), { data } = pad.getContext("2d").getImageData(0, 0, 280, 280);
      let sum = 0;
      for (let i = 3; i < data.length; i += 4) sum += data[i] > 127 ? 1 : 0;
      return sum;
    })()`),
  );
}

/**
 * Visits the built page in Chromium as somebody would who has come to try it: `deno run -A tests/page/visit.ts FOLDER [SHOTS]`.
 * A program of its own, since playwright looks at files below /proc, for which Deno wants every permission.
 *
 * The page is served without the headers that isolate it. Prints what was seen as one line of JSON, a {@linkcode Visit}; with
 * SHOTS, writes screenshots into that folder.
 *
 * @module
 */
import { chromium, type Page } from "playwright-core";
import { Buffer } from "node:buffer";
import { extname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { CHROMIUM, CHROMIUM_ARGUMENTS } from "../chromium.ts";

/** What was seen. */
export interface Visit {
  readonly isolated: boolean;
  /** What the page says of training, after it. */
  readonly standing: string;
  /** The same where it was stopped after a few batches. */
  readonly stopped: string;
  /** Whether the learning curve's, raster's and probabilities' canvases changed. */
  readonly changed: Readonly<Record<"curve" | "raster" | "bars" | "decision", boolean>>;
  /** What it says of a digit that was drawn with the mouse, and of a test digit that was taken by keyboard. */
  readonly drawn: string;
  readonly taken: string;
  /** The same digit after a slider was turned, and after all were reset. */
  readonly turned: string;
  readonly reset: string;
  /** What it says to a damaged file, and of the digit after it. */
  readonly damaged: string;
  readonly afterDamage: string;
  /** The saved model, as base64; and saved once more after it was loaded into a fresh page, which says this of the digit. */
  readonly saved: string;
  readonly savedAgain: string;
  readonly loaded: string;
  /** Of both screens and schemes: rules of accessibility that were broken, and how much wider than the screen the page is. */
  readonly violations: readonly string[];
  readonly overflow: readonly number[];
  /** What the browser complained of. */
  readonly complaints: readonly string[];
  /** What it asked for elsewhere. */
  readonly elsewhere: readonly string[];
}

const TYPES: Readonly<Record<string, string>> = {
  ".html": "text/html",
  ".css": "text/css",
  ".js": "text/javascript",
};

async function visit(folder: string, shots?: string): Promise<Visit> {
  const server = Deno.serve({ port: 0, hostname: "127.0.0.1", onListen() {} }, async ({ url }) => {
    const path = new URL(url).pathname.replace(/^\/deep\/down\//, "");
    try {
      const type = TYPES[extname(path || "index.html")] ?? "application/octet-stream";
      return new Response(await Deno.readFile(join(folder, path || "index.html")), {
        headers: { "content-type": type },
      });
    } catch {
      return new Response("nothing there", { status: 404 });
    }
  });
  const origin = `http://127.0.0.1:${server.addr.port}`;
  const axe = await Deno.readTextFile(fileURLToPath(new URL("axe.min.js", import.meta.resolve("axe-core"))));
  const browser = await chromium.launch({ executablePath: CHROMIUM, args: CHROMIUM_ARGUMENTS });
  const complaints: string[] = [],
    elsewhere: string[] = [],
    violations: string[] = [],
    overflow: number[] = [];
  const open = async (options: { width: number; colorScheme: "light" | "dark"; bypassCSP?: boolean }) => {
    const { width, ...rest } = options;
    const context = await browser.newContext({
      viewport: { width, height: 900 },
      reducedMotion: "reduce",
      ...rest,
    });
    const page = await context.newPage();
    page.on("console", (message) => {
      // What the browser says by itself where it is asked for a GPU and has none.
      if (message.text() !== "No available adapters.") complaints.push(message.text());
    });
    page.on("pageerror", (error) => complaints.push(error.message));
    page.on("request", (request) => {
      if (!request.url().startsWith(origin) && !/^(data|blob):/.test(request.url())) {
        elsewhere.push(request.url());
      }
    });
    await page.goto(`${origin}/deep/down/`);
    await page.locator("#train:enabled").waitFor();
    return page;
  };
  const textOf = async (page: Page, id: string) => await page.locator(id).textContent() ?? "";
  const pictureOf = (page: Page, selector: string) =>
    page.evaluate(`document.querySelector(${JSON.stringify(selector)}).toDataURL()`);
  const save = async (page: Page) => {
    const download = page.waitForEvent("download");
    await page.locator("#save").click();
    const path = await (await download).path();
    return (await Deno.readFile(path)).toBase64();
  };
  // Asked from here: the page's own policy forbids what playwright would evaluate in it again and again.
  const until = async (page: Page, id: string, isThere: (text: string) => boolean) => {
    for (let tries = 0; tries < 600; tries++) {
      if (isThere(await textOf(page, id))) return;
      await page.waitForTimeout(50);
    }
    throw new Error(`${id} still says ${await textOf(page, id)}`);
  };
  const answered = (page: Page, before = "") =>
    until(page, "#answer", (text) => text.startsWith("It names") && text !== before);
  try {
    const page = await open({ width: 1280, colorScheme: "light" });
    const isolated = await page.evaluate("crossOriginIsolated") === true;
    await page.locator("#next").click();
    await answered(page);
    const pictures = {
      curve: "#curve",
      raster: "#rasters canvas",
      bars: "#bars",
      decision: "#decision",
    } as const;
    const look = async () => ({
      curve: await pictureOf(page, pictures.curve),
      raster: await pictureOf(page, pictures.raster),
      bars: await pictureOf(page, pictures.bars),
      decision: await pictureOf(page, pictures.decision),
    });
    const before = await look();
    // A few batches, then a stop.
    await page.locator("#epochs").fill("50");
    await page.locator("#train").click();
    await until(page, "#standing", (text) => /batch [3-9]/.test(text));
    await page.locator("#pause").click();
    await page.locator("#pause", { hasText: "Go on" }).click();
    await page.locator("#stop").click();
    await page.locator("#train:enabled").waitFor();
    const stopped = await textOf(page, "#standing");
    await page.locator("#fresh").click();
    await page.locator("#epochs").fill("2");
    await page.locator("#train").click();
    await page.locator("#stop:disabled").waitFor();
    const standing = await textOf(page, "#standing");
    const after = await look();
    // A one, with the mouse.
    await page.locator("#clear").click();
    const box = (await page.locator("#pad").boundingBox())!;
    await page.mouse.move(box.x + box.width * 0.52, box.y + box.height * 0.2);
    await page.mouse.down();
    await page.mouse.move(box.x + box.width * 0.48, box.y + box.height * 0.8, { steps: 12 });
    await page.mouse.up();
    await answered(page);
    await page.waitForTimeout(200);
    const drawn = await textOf(page, "#answer");
    // A test digit, by keyboard alone.
    await page.locator("#next").focus();
    await page.keyboard.press("Enter");
    await answered(page, drawn);
    const taken = await textOf(page, "#answer");
    await page.locator("[data-constant=threshold]").first().focus();
    for (let i = 0; i < 20; i++) await page.keyboard.press("ArrowRight");
    await answered(page, taken);
    await page.waitForTimeout(200);
    const turned = await textOf(page, "#answer");
    await page.locator("#reset").click();
    await answered(page, turned);
    await page.waitForTimeout(200);
    const reset = await textOf(page, "#answer");
    await page.locator("#load").setInputFiles({
      name: "cut.safetensors",
      mimeType: "application/octet-stream",
      buffer: Buffer.alloc(40),
    });
    await page.locator("#notice", { hasText: "cut.safetensors" }).waitFor();
    const damaged = await textOf(page, "#notice"), afterDamage = await textOf(page, "#answer");
    const saved = await save(page);
    if (shots) await page.screenshot({ path: join(shots, "page.png"), fullPage: true });
    const model = {
      name: "model.safetensors",
      mimeType: "application/octet-stream",
      buffer: Buffer.from(saved, "base64"),
    };
    const other = await open({ width: 375, colorScheme: "dark" });
    await other.locator("#load").setInputFiles(model);
    await other.locator("#standing", { hasText: "model.safetensors is loaded" }).waitFor();
    await other.locator("#next").click();
    await answered(other);
    await other.waitForTimeout(200);
    await other.locator("#next").click();
    await other.waitForTimeout(300);
    const loaded = await textOf(other, "#answer"), savedAgain = await save(other);
    for (
      const [width, colorScheme] of [[1280, "light"], [1280, "dark"], [375, "light"], [375, "dark"]] as const
    ) {
      // The page's own policy keeps strange scripts out, also axe's: so this context passes it by.
      const page = await open({ width, colorScheme, bypassCSP: true });
      await page.locator("#load").setInputFiles(model);
      await page.locator("#next").click();
      await answered(page);
      if (shots) {
        const name = `page${width < 400 ? "-phone" : ""}${colorScheme === "dark" ? "-dark" : ""}.png`;
        if (name !== "page.png") await page.screenshot({ path: join(shots, name), fullPage: true });
      }
      overflow.push(Number(await page.evaluate("document.documentElement.scrollWidth - innerWidth")));
      await page.evaluate(axe);
      const found = await page.evaluate(
        `axe.run().then(({ violations }) => violations.map(({ id, impact, nodes }) => impact + " " + id + ": " + nodes[0].html.slice(0, 200)))`,
      );
      if (Array.isArray(found)) violations.push(...found.map((each) => `${width} ${colorScheme} ${each}`));
    }
    const changed = Object.fromEntries(
      Object.entries(before).map(([name, picture]) => [name, picture !== after[name as keyof typeof after]]),
    ) as Visit["changed"];
    return {
      isolated,
      standing,
      stopped,
      changed,
      drawn,
      taken,
      turned,
      reset,
      damaged,
      afterDamage,
      saved,
      savedAgain,
      loaded,
      violations,
      overflow,
      complaints,
      elsewhere,
    };
  } finally {
    await browser.close();
    await server.shutdown();
  }
}

if (import.meta.main) {
  const [folder = "dist/page", shots] = Deno.args;
  console.log(JSON.stringify(await visit(folder, shots)));
}

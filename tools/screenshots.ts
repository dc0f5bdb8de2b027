/**
 * Makes the pictures of reports in `docs/` anew: trains the runs that they show, writes their pages, and photographs them in Debian's
 * chromium. Those of the page that learns are by `page_screenshots.ts`.
 *
 *     deno run -A tools/screenshots.ts [FOLDER]
 *
 * FOLDER takes the pictures instead of `docs/`, and whole pages at three sizes, light and dark. Where `pngquant` is installed they are
 * saved with a palette, at a third of the size.
 * `-A`, since playwright looks at files below /proc, for which Deno wants every permission. The same seed gives the same runs, so
 * the pictures change with the pages alone, and with the fonts of the machine.
 */
import { type Browser, chromium } from "playwright-core";
import { join, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { CHROMIUM, CHROMIUM_ARGUMENTS } from "../tests/chromium.ts";
import { save } from "./save_picture.ts";
import { ROOT } from "./steps.ts";

/** The runs that are trained: docs/tour.md's first, and those of docs/report.md. */
const RUNS = {
  first: [],
  demo: ["--epochs", "3"],
  dead: ["--limit", "1000", "--batch-size", "100", "--threshold", "50"],
  "demo-feed-forward": ["--model", "feed-forward", "--epochs", "3"],
  graph: [
    "--network",
    "graph.json",
    "--optimizer",
    "adam",
    "--learning-rate",
    "0.002",
    "--batch-size",
    "100",
  ],
} as const;

/** The run `graph`: a skip edge, two branches, and a loop. */
const GRAPH = {
  steps: 12,
  input: { shape: [784], encoder: { kind: "constant" } },
  nodes: [
    { id: "fc1", kind: "affine", units: 100 },
    { id: "lif1", kind: "lif" },
    { id: "fc2", kind: "affine", units: 100 },
    { id: "lif2", kind: "lif", from: ["fc2", { node: "lif1", delay: 2 }] },
    { id: "left", kind: "affine", units: 50 },
    { id: "leftLif", kind: "lif" },
    { id: "right", kind: "affine", units: 50, from: "lif2" },
    { id: "back", kind: "affine", units: 50, bias: false, from: { node: "rightLif", delay: 1 } },
    { id: "rightLif", kind: "lif", from: ["right", "back"] },
    { id: "fc3", kind: "affine", units: 10, from: ["leftLif", "rightLif"] },
    { id: "out", kind: "integrator" },
  ],
} as const;

/** A part of a page, photographed. */
interface Picture {
  readonly file: string;
  /** The page's runs. */
  readonly runs: readonly (keyof typeof RUNS)[];
  readonly colorScheme: "light" | "dark";
  /** Of the window, in pixels. */
  readonly width: number;
  /** The element that the picture begins at. */
  readonly from: string;
  /** Of the picture, in pixels. */
  readonly height: number;
  /** How many such heights stand beside each other, each a piece further down; a phone's screens. */
  readonly screens: number;
}

/** The runs whose whole pages are photographed into FOLDER, at each of the sizes, light and dark; `dead` is one that learned nothing. */
const WHOLE: readonly (readonly (keyof typeof RUNS)[])[] = [["demo"], ["dead"], [
  "demo",
  "demo-feed-forward",
]];
const SIZES = [[390, 844], [1280, 800], [1920, 1080]] as const;

const DESKTOP = { runs: ["demo"], colorScheme: "light", width: 1120, screens: 1 } as const;
const DARK = { ...DESKTOP, colorScheme: "dark" } as const;
const PHONE = { runs: ["demo"], width: 375, height: 900, screens: 4 } as const;

const PICTURES: readonly Picture[] = [
  { ...DESKTOP, file: "report-summary.png", from: "body", height: 900 },
  { ...DESKTOP, file: "report.png", from: "#classes", height: 1040 },
  { ...DARK, file: "report-dark.png", from: "article.trace:nth-of-type(3)", height: 870 },
  { ...DESKTOP, file: "report-network.png", runs: ["graph"], from: "#network", height: 1040 },
  {
    ...DESKTOP,
    file: "report-compare.png",
    runs: ["demo", "demo-feed-forward"],
    from: "#notebook",
    height: 900,
  },
  { ...PHONE, file: "report-phone.png", from: "#learning", colorScheme: "light" },
  { ...PHONE, file: "report-phone-dark.png", from: "#samples", colorScheme: "dark" },
  { ...DESKTOP, file: "tour-spikes.png", runs: ["first"], from: "article.trace", height: 870 },
];

/** Calls the command line in a folder of its own, where `runs/` goes, and reads the JSON that it ends with. */
async function spikelet(folder: string, args: readonly string[]): Promise<Record<string, unknown>> {
  const permissions = ["--no-prompt", "--allow-read", "--allow-write=.", "--allow-env=XDG_RUNTIME_DIR"];
  const { code, stdout } = await new Deno.Command(Deno.execPath(), {
    args: ["run", ...permissions, join(ROOT, "main.ts"), ...args, "--json"],
    cwd: folder,
    stderr: "inherit",
  }).output();
  if (code !== 0) throw new Error(`${args.join(" ")}: exit code ${code}`);
  return JSON.parse(new TextDecoder().decode(stdout).trimEnd().split("\n").at(-1) ?? "");
}

async function photograph(browser: Browser, page: string, picture: Picture): Promise<Uint8Array> {
  const { colorScheme, width, from, height, screens } = picture;
  const window = await browser.newPage({ viewport: { width, height }, colorScheme });
  await window.goto(pathToFileURL(page).href);
  const box = await window.locator(from).first().boundingBox();
  if (box === null) throw new Error(`${picture.file}: ${page} shows no ${from}`);
  const pieces: Uint8Array[] = [];
  for (let i = 0, y = Math.max(0, box.y - 12); i < screens; i++, y += height) {
    pieces.push(await window.screenshot({ fullPage: true, clip: { x: 0, y, width, height } }));
  }
  await window.close();
  return pieces.length === 1 ? pieces[0]! : await besideEachOther(browser, pieces, width, height);
}

/** Photographs what is seen first of a page, and all of it, at each of the sizes, light and dark. */
async function photographWhole(browser: Browser, page: string, path: string): Promise<void> {
  for (const [width, height] of SIZES) {
    for (const colorScheme of ["light", "dark"] as const) {
      const window = await browser.newPage({ viewport: { width, height }, colorScheme });
      await window.goto(pathToFileURL(page).href);
      const name = `${path}-${width}x${height}-${colorScheme}`;
      await save(`${name}-first.png`, await window.screenshot());
      await save(`${name}.png`, await window.screenshot({ fullPage: true }));
      await window.close();
    }
  }
}

/** Some pictures of one size as one, on grey. */
async function besideEachOther(
  browser: Browser,
  pieces: readonly Uint8Array[],
  width: number,
  height: number,
): Promise<Uint8Array> {
  const gap = 10;
  const window = await browser.newPage({ viewport: { width: (width + gap) * pieces.length - gap, height } });
  const images = pieces.map((bytes) => `<img src="data:image/png;base64,${bytes.toBase64()}">`);
  await window.setContent(
    `<body style="margin:0;display:flex;gap:${gap}px;background:#888">${images.join("")}`,
  );
  const whole = await window.screenshot();
  await window.close();
  return whole;
}

if (import.meta.main) {
  const out = resolve(Deno.args[0] ?? join(ROOT, "docs"));
  const folder = await Deno.makeTempDir({ prefix: "spikelet-pictures-" });
  const browser = await chromium.launch({ executablePath: CHROMIUM, args: CHROMIUM_ARGUMENTS });
  try {
    await Deno.writeTextFile(join(folder, "graph.json"), JSON.stringify(GRAPH));
    for (const [name, options] of Object.entries(RUNS)) {
      await spikelet(folder, ["train", "--name", name, ...options]);
    }
    const pages = new Map<string, string>();
    const pageOf = async (runs: readonly string[]) => {
      const page = pages.get(runs.join(" ")) ?? String((await spikelet(folder, ["report", ...runs])).path);
      pages.set(runs.join(" "), page);
      return join(folder, page);
    };
    for (const picture of PICTURES) {
      await save(join(out, picture.file), await photograph(browser, await pageOf(picture.runs), picture));
    }
    for (const runs of Deno.args[0] === undefined ? [] : WHOLE) {
      await photographWhole(browser, await pageOf(runs), join(out, `report-${runs.join("-and-")}`));
    }
  } finally {
    await browser.close();
    await Deno.remove(folder, { recursive: true });
  }
}

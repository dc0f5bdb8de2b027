import assert from "node:assert/strict";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { DOMParser } from "linkedom";
import { notebookNetwork } from "../../src/network/presets.ts";
import { comparisonPage } from "../../src/report/comparison.ts";
import { lookInto } from "../../src/report/findings.ts";
import { predict } from "../../src/report/predictions.ts";
import type { RecordedRun } from "../../src/report/recorded_run.ts";
import { parseMetadata } from "../../src/runs/run_metadata.ts";
import { reportPage } from "../../src/report/report.ts";
import { CHROMIUM, CHROMIUM_ARGUMENTS, hasChromium } from "../chromium.ts";
import { named } from "../deno_version.ts";
import { startEngine } from "../engine/batches.ts";
import { drawParameters, drawSamples } from "../engine/network_cases.ts";
import { inTemporaryFolder } from "../temporary_folder.ts";

const EPOCHS = 90;

/** An untrained run, and its network's answers. */
async function examinedRun(seed: number) {
  const spec = notebookNetwork({ hidden: 60, steps: 20 });
  const samples = drawSamples(spec, 1, 60, true), parameters = drawParameters(spec, seed);
  using engine = await startEngine({ spec, threads: 0, recordStates: true, batchSize: samples.count });
  await engine.setParameters(parameters);
  const predictions = await predict(engine, spec.loss, samples, samples.count);
  const sessions = Array.from(
    { length: 30 },
    (_, i) => ({ started: "2026-11-29", kernels: "WASM", threads: 1 + i, from: { epoch: 1 + i, batch: 0 } }),
  );
  const options = { model: "notebook", epochs: EPOCHS, seed };
  const batch = { batch: 1, samples: 10, loss: 2, accuracy: 0.25, firingRate: 0.1 };
  const run: RecordedRun = {
    name: `printed ${seed}`,
    directory: "runs/printed",
    metadata: parseMetadata(JSON.stringify({ state: "running", options, sessions }), "run.json"),
    metrics: Array.from({ length: EPOCHS }, (_, i) => ({ ...batch, epoch: 1 + i })),
    epochs: [],
    model: { spec, parameters, metadata: {} },
    modelPath: "runs/printed/model.safetensors",
  };
  return {
    run,
    samples,
    predictions,
    findings: await lookInto(spec, engine, samples, predictions, [3, 17, 29]),
  };
}

/** Pages with everything that a page break could split: cards, pictures, traces, tables, one longer than a sheet. */
async function pagesToPrint(): Promise<string[]> {
  const [first, second] = [await examinedRun(1), await examinedRun(2)];
  return [await reportPage(first.run, first.findings), await comparisonPage([first, second])];
}

/** A program's standard output; `undefined` if the program is missing. */
async function outputOf(program: string, ...args: string[]): Promise<string | undefined> {
  try {
    const { code, stdout, stderr } = await new Deno.Command(program, { args, stdin: "null" }).output();
    assert.equal(code, 0, new TextDecoder().decode(stderr));
    return new TextDecoder().decode(stdout);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw error;
  }
}

const hasPoppler = await outputOf("pdftotext", "-v") !== undefined;
const reason = !hasChromium
  ? `there is no ${CHROMIUM} here; apt-get install chromium`
  : hasPoppler
  ? undefined
  : "there is no pdftotext here; apt-get install poppler-utils";

/** A text without blanks, which readers extract differently. */
const letters = (text: string | null | undefined) => (text ?? "").replace(/\s+/g, "");

/** Prints a page on A4. @returns The letters of each sheet, in the order in which they are drawn: that of the page's elements. */
async function printed(folder: string, html: string): Promise<string[]> {
  const page = join(folder, "page.html"), pdf = join(folder, "page.pdf");
  await Deno.writeTextFile(page, html.replace("@page {", "@page { size: A4;"));
  const print = ["--no-pdf-header-footer", `--print-to-pdf=${pdf}`, pathToFileURL(page).href];
  await outputOf(CHROMIUM, ...CHROMIUM_ARGUMENTS, `--user-data-dir=${join(folder, "profile")}`, ...print);
  return (await outputOf("pdftotext", "-raw", pdf, "-") ?? "").split("\f").map(letters);
}

Deno.test({
  ...named(
    "reports on paper keep cards, traces, texts and tables whole, and headings with what follows",
    reason,
  ),
  async fn() {
    await inTemporaryFolder(async (folder) => {
      let longest = 0;
      for (const html of await pagesToPrint()) {
        const sheets = await printed(folder, html);
        assert.ok(sheets.length > 2, `${sheets.length} sheets`);
        const isOnOne = (text: string) => sheets.some((sheet) => sheet.includes(text));

        const document = new DOMParser().parseFromString(html, "text/html");
        for (const part of document.querySelectorAll("details, nav, style")) part.remove(); // not printed
        const whole = "p, figcaption, li, tr, caption, .tiles > div, .warning, .verdict, article.trace";
        const torn = [...document.querySelectorAll(whole)].map(({ textContent }) => letters(textContent))
          .filter((text) => !isOnOne(text));
        assert.deepEqual(torn.map((text) => text.slice(0, 80)), []);

        const lonely = [...document.querySelectorAll("h2, h3, h4")].flatMap((heading) => {
          const next = heading.nextElementSibling;
          const both = letters(heading.textContent) + letters(next?.textContent).slice(0, 20);
          return isOnOne(both) ? [] : [heading.textContent];
        });
        assert.deepEqual(lonely, []);

        for (const table of document.querySelectorAll("table")) {
          const head = letters(table.querySelector("thead")?.textContent);
          const rows = [...table.querySelectorAll("tbody tr")].map(({ textContent }) => letters(textContent));
          const first = sheets.findIndex((sheet) => sheet.includes(head + rows[0]));
          // Another table may have a row of the same letters further on.
          const last = sheets.findIndex((sheet, at) => at >= first && sheet.includes(rows.at(-1)!));
          assert.ok(first >= 0, `${head}: it stands above its first row`);
          for (let at = first; at <= last; at++) {
            assert.ok(sheets[at]!.includes(head), `${head}: not on sheet ${at + 1}`);
          }
          // A part that fits on a sheet is on one.
          if (rows.length < 30) assert.equal(first, last, `${head}: torn`);
          longest = Math.max(longest, 1 + last - first);
        }
      }
      assert.ok(longest > 1, "a table that is longer than a sheet");
    });
  },
});

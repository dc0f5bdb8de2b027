import assert from "node:assert/strict";
import { join } from "node:path";
import { assertSelfContained } from "../report/self_contained.ts";
import { inFolderWithData, writeSmallData } from "./small_data.ts";
import { assertOneLine, recordOf, spikelet, spikeletJson } from "./spikelet.ts";

const DATA = ["--data", "data"];
const TRAIN = ["train", ...DATA, "--batch-size", "10", "--epochs", "2", "--threads", "1", "--hidden", "12"];

/** Runs a test in a folder with a spiking run, `spiking`, and its feed-forward peer, `dense`, with their test results. */
async function withRuns(
  test: (folder: string, tests: Record<string, unknown>[]) => Promise<void>,
): Promise<void> {
  await inFolderWithData(async (folder) => {
    const spiking = await spikeletJson(folder, [...TRAIN, "--steps", "40", "--name", "spiking"]);
    const dense = await spikeletJson(folder, [...TRAIN, "--model", "feed-forward", "--name", "dense"]);
    await test(folder, [recordOf(spiking.test), recordOf(dense.test)]);
  }, { train: 60, test: 37 });
}

/** The cells of a section's table with this caption. */
function cellsOf(document: ReturnType<typeof assertSelfContained>, caption: string): string[][] {
  const table = [...document.querySelectorAll("table")].find((table) =>
    table.querySelector("caption")?.textContent?.startsWith(caption)
  );
  assert.ok(table, caption);
  return [...table.querySelectorAll("tbody tr")].map((row) =>
    [...row.querySelectorAll("th, td")].map(({ textContent }) => textContent ?? "")
  );
}

Deno.test("report writes a page with the run's figures", async () => {
  await withRuns(async (folder, [test]) => {
    const { code, stdout, stderr } = await spikelet(folder, ["report", "spiking"]);
    assert.equal(code, 0, stderr);
    assert.match(stdout, /^spiking {2}\d+\.\d\d %: \d+ of 37 test images\nPage .*report\.html, \d+ KiB/);
    const document = assertSelfContained(
      await Deno.readTextFile(join(folder, "runs", "spiking", "report.html")),
    );
    assert.equal(document.querySelector("title")?.textContent, "spiking – Spikelet");
    assert.deepEqual(
      [...document.querySelectorAll("section")].map(({ id }) => id),
      ["learning", "classes", "samples", "network", "rates", "weights", "run"],
    );
    assert.equal(document.querySelector(".warning"), null);

    // The confusion matrix counts every image once, and its diagonal the correct ones of train.
    const matrix = cellsOf(document, "Images of each class").map(([, ...cells]) => cells.map(Number));
    assert.equal(matrix.flat().reduce((sum, count) => sum + count, 0), 37);
    assert.equal(matrix.reduce((sum, row, i) => sum + row[i]!, 0), test?.correct);
    const classes = cellsOf(document, "Each class");
    assert.equal(classes.reduce((sum, [, images]) => sum + Number(images), 0), 37);
    const mistakes = document.querySelectorAll("#classes ul.pictures li").length;
    assert.equal(mistakes, Math.min(16, 37 - Number(test?.correct)));

    // Learning curves: an epoch's mean is that of its batches.
    const lines = (await Deno.readTextFile(join(folder, "runs", "spiking", "metrics.jsonl"))).trimEnd().split(
      "\n",
    )
      .map((line) => recordOf(JSON.parse(line)));
    const epochs = cellsOf(document, "Mean of each epoch");
    assert.deepEqual(epochs.map(([seen]) => seen), ["60", "120"]);
    for (const [i, [, loss]] of epochs.entries()) {
      const mean = lines.filter(({ epoch }) =>
        epoch === i + 1
      ).reduce((sum, line) => sum + Number(line.loss), 0) / 6;
      assert.equal(loss, mean.toFixed(4));
    }

    // Three samples over 40 steps, each with rasters, potentials and a decision; a picture of each unit's weights.
    assert.equal(document.querySelectorAll("article.trace").length, 3);
    for (const trace of document.querySelectorAll("article.trace")) {
      assert.equal(trace.querySelectorAll("svg.plot").length, 5);
      assert.equal(trace.querySelectorAll("img.sample").length, 1);
    }
    assert.equal(document.querySelectorAll("#weights li img").length, 12);

    // Measured values have six digits at most, and no value is empty.
    const facts = cellsOf(document, "Machine and results").map(([, value]) => value ?? "");
    assert.deepEqual(
      facts.filter((value) => value === "[]" || /^0*\.?0*[1-9][\d.]{7,}$/.test(value) && value.includes(".")),
      [],
    );

    // The recorded command repeats the run, bit for bit.
    const words = document.querySelector("#run > pre")?.textContent?.split(" ") ?? [];
    assert.deepEqual(words.slice(0, 3), ["deno", "task", "train"]);
    const again = await spikeletJson(folder, [...words.slice(2), "--name", "again"]);
    const record = recordOf(JSON.parse(await Deno.readTextFile(join(folder, "runs", "spiking", "run.json"))));
    assert.equal(again.weightsSha256, recordOf(record.result).weightsSha256);
  });
});

Deno.test("a run's recorded command repeats it, also after it was resumed for more epochs", async () => {
  await inFolderWithData(async (folder) => {
    const begun = [...TRAIN, "--steps", "9", "--augment", "shift,rotate=5", "--schedule", "step"];
    await spikeletJson(folder, [...begun, "--name", "more"]);
    const { weightsSha256 } = await spikeletJson(folder, ["train", "--resume", "more", "--epochs", "4"]);
    const { command } = recordOf(
      JSON.parse(await Deno.readTextFile(join(folder, "runs", "more", "run.json"))),
    );
    assert.ok(Array.isArray(command));
    const again = await spikeletJson(folder, [...command.map(String), "--name", "again"]);
    assert.equal(again.weightsSha256, weightsSha256);
  }, { train: 60, test: 20 });
});

Deno.test("report shows selected samples, takes a model file, and writes to --out", async () => {
  await withRuns(async (folder, [test]) => {
    const chosen = await spikeletJson(folder, [
      "report",
      "spiking",
      "--samples",
      "3,30",
      "--out",
      "runs/mine.html",
    ]);
    assert.deepEqual([chosen.path, (await Deno.stat(join(folder, "runs", "mine.html"))).size], [
      "runs/mine.html",
      chosen.bytes,
    ]);
    const document = assertSelfContained(await Deno.readTextFile(join(folder, "runs", "mine.html")));
    assert.deepEqual(
      [...document.querySelectorAll("article.trace h3")].map(({ textContent }) => textContent?.trim()),
      ["Test image 3 (3)", "Test image 30 (0)"],
    );
    const model = join("runs", "spiking", "model.safetensors");
    await Deno.copyFile(join(folder, model), join(folder, "alone.safetensors"));
    const alone = await spikeletJson(folder, ["report", "alone.safetensors", ...DATA]);
    assert.equal(alone.path, join("runs", "alone.report.html"));
    const [run] = Array.isArray(alone.runs) ? alone.runs : [];
    assert.equal(recordOf(recordOf(run).test).correct, test?.correct);
    const page = assertSelfContained(await Deno.readTextFile(join(folder, "runs", "alone.report.html")));
    assert.deepEqual(
      [...page.querySelectorAll("section")].map(({ id }) => id).filter((id) => id === "learning"),
      [],
    );

    const dense = await spikelet(folder, ["report", "dense"]);
    assert.equal(dense.code, 0, dense.stderr);
    const densePage = assertSelfContained(
      await Deno.readTextFile(join(folder, "runs", "dense", "report.html")),
    );
    assert.deepEqual(
      [...densePage.querySelectorAll("section")].map(({ id }) => id),
      ["learning", "classes", "network", "rates", "weights", "run"],
    );
  });
});

Deno.test("report compares runs, with the notebook's table and the samples on which they differ", async () => {
  await withRuns(async (folder, tests) => {
    const { path, runs } = await spikeletJson(folder, ["report", "spiking", join("runs", "dense")]);
    assert.equal(path, join("runs", "spiking", "spiking-and-dense.html"));
    assert.ok(Array.isArray(runs));
    assert.deepEqual(
      runs.map((run) => recordOf(recordOf(run).test).correct),
      tests.map(({ correct }) => correct),
    );
    const document = assertSelfContained(await Deno.readTextFile(join(folder, String(path))));
    assert.deepEqual(
      [...document.querySelectorAll("section")].map(({ id }) => id),
      ["figures", "notebook", "learning", "classes", "disagreement", "options"],
    );
    const percent = (share: unknown) => `${(100 * Number(share)).toFixed(2)}\u00a0%`;
    const [accuracy] = cellsOf(document, "Each run").filter(([name]) => name === "accuracy");
    assert.deepEqual(accuracy?.slice(1), tests.map((test) => percent(test.accuracy)));
    const notebook = cellsOf(document, "Beside what the notebook reports");
    assert.deepEqual(notebook.map(([name, ours, theirs]) => [name, ours, theirs]), [
      ["spiking: spiking", percent(tests[0]?.accuracy), percent(0.8555)],
      ["feed-forward: dense", percent(tests[1]?.accuracy), percent(0.869)],
    ]);
    assert.match(
      document.querySelector("#notebook p")?.textContent ?? "",
      /spiking: epochs 2 for 1, batchSize 10 for 1000, another network\. dense: epochs 2 for 1,/,
    );
    const [right, wrong] = cellsOf(document, "Test images").map(([, ...cells]) => cells.map(Number));
    assert.equal(right![0]! + right![1]!, tests[0]?.correct);
    assert.equal(right![0]! + wrong![0]!, tests[1]?.correct);
    assert.equal(right![0]! + right![1]! + wrong![0]! + wrong![1]!, 37);
  });
});

Deno.test("report shows an unfinished run, and says so", async () => {
  await withRuns(async (folder) => {
    const directory = join(folder, "runs", "spiking");
    await Deno.remove(join(directory, "model.safetensors"));
    const record = JSON.parse(await Deno.readTextFile(join(directory, "run.json")));
    delete record.result;
    await Deno.writeTextFile(
      join(directory, "run.json"),
      JSON.stringify({ ...record, state: "interrupted" }),
    );
    const metrics = await Deno.readTextFile(join(directory, "metrics.jsonl"));
    await Deno.writeTextFile(join(directory, "metrics.jsonl"), metrics.slice(0, -30));
    const { code, stdout, stderr } = await spikelet(folder, ["report", "spiking"]);
    assert.deepEqual([code, stderr], [0, ""]);
    assert.match(stdout, /^spiking {2}no model$/m);
    const document = assertSelfContained(await Deno.readTextFile(join(directory, "report.html")));
    assert.match(
      document.querySelector("header")?.textContent ?? "",
      /state is “interrupted”.*has no model/s,
    );
    assert.match(document.querySelector(".tiles")?.textContent ?? "", /Batches recorded\s+11\s/);
    const { stdout: compared } = await spikelet(folder, ["report", "spiking", "dense"]);
    assert.match(compared, /^spiking {2}no model$/m);

    // A list of three runs has “and” before the last.
    await Deno.copyFile(
      join(folder, "runs", "dense", "model.safetensors"),
      join(folder, "third.safetensors"),
    );
    const { path } = await spikeletJson(folder, ["report", "spiking", "dense", "third.safetensors", ...DATA]);
    const page = assertSelfContained(await Deno.readTextFile(join(folder, String(path))));
    assert.match(page.querySelector("h1")?.textContent ?? "", /^spiking, dense and third/);
  });
});

Deno.test("report says that a run's data have changed", async () => {
  await withRuns(async (folder) => {
    await writeSmallData(join(folder, "other"), { train: 20, test: 25 });
    const { code } = await spikelet(folder, ["report", "spiking", "--data", "other"]);
    assert.equal(code, 0);
    const page = assertSelfContained(
      await Deno.readTextFile(join(folder, "runs", "spiking", "report-on-other.html")),
    );
    assert.match(
      page.querySelector(".warning")?.textContent ?? "",
      /run\.json says \d+ of 37, but .* of 25 /,
    );
  });
});

Deno.test("report --open names the page's path if it may not run a browser", async () => {
  await withRuns(async (folder) => {
    const { code, stdout } = await spikelet(folder, ["report", "dense", "--open"]);
    assert.equal(code, 0);
    assert.match(stdout, /report\.html.*\nIt was not opened, for .*(--allow-run=|no program)/);
  });
});

Deno.test("report refuses runs that it cannot show, with one line", async (t) => {
  await withRuns(async (folder) => {
    const cases: [name: string, args: string[], code: number, message: RegExp][] = [
      ["no such run", ["nowhere"], 1, /^nowhere: no run there: expected a run's name, /],
      [
        "a number out of range",
        ["spiking", "--samples", "37"],
        2,
        /^--samples 37: expected 0 to 36, for data test has 37/,
      ],
      ["what is no number", ["spiking", "--samples", "3,x"], 2, /^--samples x: expected a whole number, /],
      [
        "too many samples",
        ["spiking", "--samples", "0,1,2,3,4,5,6"],
        2,
        /^--samples 0,1,.*: 7 of them: expected 6 at most/,
      ],
      [
        "samples of several runs",
        ["spiking", "dense", "--samples", "1"],
        2,
        /^--samples: means nothing where runs/,
      ],
      [
        "too many runs",
        Array.from({ length: 13 }, () => "dense"),
        2,
        /^13 runs: expected 12 at most, .* `deno task runs --sort accuracy`/,
      ],
      [
        "no run at all",
        [],
        2,
        /^report: expected a run, of which the latest is dense \(before it spiking\): deno task report dense$/m,
      ],
      [
        "a missing folder",
        ["dense", "--out", "runs/no/page.html"],
        1,
        /^runs.no.page\.html: the folder runs.no does not exist/,
      ],
      ["data that are gone", ["dense", "--data", "gone"], 1, /^gone: no such file or folder/],
    ];
    for (const [name, args, code, message] of cases) {
      await t.step(name, async () => {
        assertOneLine(await spikelet(folder, ["report", ...args]), code, message);
      });
    }
    await t.step("damaged metadata", async () => {
      await Deno.writeTextFile(join(folder, "runs", "dense", "run.json"), "{");
      assertOneLine(
        await spikelet(folder, ["report", "dense"]),
        1,
        /^runs.dense.run\.json: not JSON: line 1, column \d+: /,
      );
    });
    await t.step("without permission to write", async () => {
      assertOneLine(
        await spikelet(folder, ["report", "spiking"], []),
        1,
        /report\.html: Deno may not write it; run again with --allow-write=/,
      );
    });
  });
});

/** A data set is fetched before a user's eyes: by `data fetch`, or by a command that would have needed it. */
import { DATASETS } from "../data/datasets.ts";
import { fetchDataset, type FetchedFile, type FetchOptions } from "../data/fetch.ts";
import { namesOfSums } from "../data/sums.ts";
import { mnistDirectory } from "../data/mnist.ts";
import { MissingDataError } from "../errors.ts";
import { size, timeLeft } from "../text/figures.ts";
import { printError } from "../text/print.ts";
import type { Output } from "./output.ts";
import { openProgress } from "./progress.ts";

/** Fetches a data set and shows progress. */
export async function fetchShown(
  name: keyof typeof DATASETS,
  options: FetchOptions,
  { say, quiet }: Pick<Output, "say"> & { readonly quiet: boolean },
): Promise<FetchedFile[]> {
  const dataset = DATASETS[name];
  let from: number | undefined;
  const note = (text: string) => {
    progress.begin();
    from = undefined;
    if (!quiet) printError(text);
  };
  using progress = openProgress(quiet);
  // However the program ends before it is done, the user learns what is kept.
  const interrupted = () =>
    note(`stopped: what has come is kept in ${options.folder}; the same command resumes from it`);
  globalThis.addEventListener("unload", interrupted);
  say(`${dataset.title} into ${options.folder}`);
  try {
    return await fetchDataset(dataset, options, {
      onProgress: (file, done, total) =>
        progress.update({
          label: file.name,
          done: Math.min(done, total),
          total,
          from: from ??= done,
          facts: [`${size(done)} of ${size(total)}`],
          rate: (perSecond) => `${size(perSecond)}/s`,
        }),
      onRetry: (file, reason, seconds) =>
        note(
          `${file.name}: ${reason}; ${seconds === 0 ? "once more" : `again in ${timeLeft(seconds)}`}`,
        ),
      onNextSource: (_file, reason) => note(`${reason}\nthe next source is tried`),
      onFile({ name, path, bytes, from: url }) {
        progress.begin();
        from = undefined;
        const origin = url === null ? "here already" : `from ${new URL(url).host}`;
        const file = dataset.files.find((file) => file.name === name) ?? {};
        const sums = url !== null && dataset.archive ? dataset.archive : file, checked = namesOfSums(sums);
        const of = sums === file ? "" : " of its archive";
        say(`${path}: ${size(bytes)}, ${origin}${checked && `, ${checked}${of} as expected`}`);
      },
    });
  } finally {
    globalThis.removeEventListener("unload", interrupted);
  }
}

/**
 * On a terminal, offers to fetch MNIST where a command needs it and it is not here. Elsewhere does nothing: reading it will
 * fail, and say which command fetches it.
 *
 * @param data Where the user has said that the data are.
 */
export async function offerMnist(
  data: string | undefined,
  output: Pick<Output, "say">,
  { json, quiet }: { readonly json?: true; readonly quiet?: true },
): Promise<void> {
  if (data !== undefined || json || quiet || !isMissing()) return;
  if (![Deno.stdin, Deno.stdout, Deno.stderr].every((stream) => stream.isTerminal())) return;
  if ((await Deno.permissions.query({ name: "net" })).state !== "granted") return;
  const { title, folder, files } = DATASETS.mnist;
  const bytes = files.reduce((sum, { packedBytes = 0 }) => sum + packedBytes, 0);
  if (!confirm(`${title} is not in ${folder}. Fetch it now (${size(bytes)})?`)) return;
  await fetchShown("mnist", { folder }, { ...output, quiet: false });
}

function isMissing(): boolean {
  try {
    mnistDirectory();
    return false;
  } catch (error) {
    if (error instanceof MissingDataError) return true;
    throw error;
  }
}

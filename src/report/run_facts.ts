/** A run's options, and the command that repeats it. */
import { INVOCATION } from "../text/invocation.ts";
import { html, type Markup, section, table } from "./markup.ts";
import type { RunMetadata } from "../runs/run_metadata.ts";
import { optionInWords } from "./option_words.ts";
import type { RecordedRun } from "./recorded_run.ts";

/** A path or value, quoted for a shell. */
export function quoted(text: string): string {
  return /^[\w./~=,:+@%-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`;
}

/** The command that repeats a run; undefined for one started by a user's program. */
export function commandOf(metadata: Pick<RunMetadata, "command">): string | undefined {
  return metadata.command && commandInWords(metadata.command);
}

/** A command as one types it. */
export function commandInWords(command: readonly string[]): string {
  return [INVOCATION, ...command.map(quoted)].join(" ");
}

/** Nested values as a flat list: `step.learningRate`, `0.1`. */
export function flatten(value: unknown, path = ""): [name: string, value: string][] {
  if (value === null || value === undefined) return [];
  const isList = Array.isArray(value) && !value.some((inner) => typeof inner === "object");
  if (typeof value === "object" && !isList) {
    return Object.entries(value).flatMap(([key, inner]) =>
      flatten(inner, path === "" ? key : `${path}.${key}`)
    );
  }
  return [[path, typeof value === "string" ? value : JSON.stringify(value)]];
}

/** A run's options without the network, which has its own place. */
export function optionsOf(metadata: RunMetadata): [name: string, value: string][] {
  const { spec: _spec, ...options } = metadata.options;
  return flatten(options);
}

/** The data set that a run was trained on: a folder, or MNIST where its options name none. */
export function dataOf({ options: { data } }: RunMetadata): string {
  return data ?? "MNIST";
}

/** The section. */
export function runSection({ metadata, model, modelPath }: RecordedRun): Markup {
  const command = metadata && commandOf(metadata);
  const spec = model?.spec ?? metadata?.options.spec;
  return section(
    "run",
    "The run",
    metadata === undefined
      ? html`<p>This model has no run.json beside it, so only its own metadata are known.</p>`
      : command === undefined
      ? html`<p>This run has no recorded command: a program or an older version began it. Its options are below.</p>`
      : html`
        <p>This command repeats the run. On machines with the same kernels, it gives the same bits of every weight.</p>
        <pre tabindex="0"><code>${command}</code></pre>
      `,
    metadata
      ? html`<div class="grid words">${
        table({ caption: "Options", head: ["option", "value"], rows: optionsInWords(metadata) })
      }${
        table({
          caption: "Machine and results",
          head: ["what", "value"],
          rows: otherMetadata(metadata).map(optionInWords),
        })
      }</div>`
      : html`<div class="words">${
        table({
          caption: modelPath ?? "Model",
          head: ["what", "value"],
          rows: Object.entries(model?.metadata ?? {}),
        })
      }</div>`,
    spec === undefined ? "" : html`
      <details>
        <summary>The network, as data</summary>
        <pre tabindex="0"><code>${JSON.stringify(spec, null, 2)}</code></pre>
      </details>
    `,
  );
}

/** The options with their values in words. */
function optionsInWords(metadata: RunMetadata): [name: string, value: string][] {
  const options = optionsOf(metadata).map(optionInWords);
  return metadata.options.data ? options : [...options, ["data", dataOf(metadata)]];
}

/** Metadata other than the options: machine, times and results. */
function otherMetadata({ options, result, command: _command, ...rest }: RunMetadata): [string, string][] {
  const shown = new Set([...Object.keys(options), "dir"]);
  const results = Object.entries(result ?? {}).filter(([name]) => !shown.has(name));
  return [...flatten(rounded(rest)), ...flatten(rounded(Object.fromEntries(results)))]
    .filter(([, value]) => value !== "[]");
}

/** Rounds measurements to six digits; `run.json` has all of them. */
function rounded(value: unknown): unknown {
  const isMeasured = (value: unknown) => typeof value === "number" && !Number.isInteger(value);
  return JSON.parse(
    JSON.stringify(value),
    (_, value) => isMeasured(value) ? Number(value.toPrecision(6)) : value,
  );
}

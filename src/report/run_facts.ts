/**
 * A run's options, and the command that repeats it.
 *
 * @module
 */
import { INVOCATION } from "../text/invocation.ts";
import { html, type Markup, section, table } from "./markup.ts";
import type { RunMetadata } from "../runs/run_metadata.ts";
import type { RecordedRun } from "./recorded_run.ts";

/** A path or value as a shell takes it. */
export function quoted(text: string): string {
  return /^[\w./~=,:+@%-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`;
}

/** The command that repeats a run; undefined for one started by a user's program. */
export function commandOf(metadata: Pick<RunMetadata, "command">): string | undefined {
  return metadata.command && [INVOCATION, ...metadata.command.map(quoted)].join(" ");
}

/** Nested values as a flat list: `step.learningRate`, `0.1`. The network and the command have places of their own. */
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

/** A run's options without what is shown elsewhere. */
export function optionsOf(metadata: RunMetadata): [name: string, value: string][] {
  const { spec: _spec, ...options } = metadata.options;
  return flatten(options);
}

/** The section. */
export function runSection({ metadata, model, modelPath }: RecordedRun): Markup {
  const command = metadata && commandOf(metadata);
  const spec = model?.spec ?? metadata?.options.spec;
  return section(
    "run",
    "The run",
    metadata === undefined
      ? html`<p>This model has no run.json beside it: only what the file itself says is known.</p>`
      : command === undefined
      ? html`<p>This run was not begun by the command line, or by a version that did not yet record its command. Its options are
below.</p>`
      : html`
        <p>The command that makes it again. On machines whose kernels are the same ones, it gives the same bits of every
        weight.</p>
        <pre tabindex="0"><code>${command}</code></pre>
      `,
    metadata
      ? html`<div class="grid words">${
        table({ caption: "Options", head: ["option", "value"], rows: optionsOf(metadata) })
      }${
        table({
          caption: "What it ran on, and what came of it",
          head: ["what", "value"],
          rows: circumstances(metadata),
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

/** What the options do not say already. */
function circumstances({ options, result, command: _command, ...rest }: RunMetadata): [string, string][] {
  const shown = new Set([...Object.keys(options), "dir"]);
  const results = Object.entries(result ?? {}).filter(([name]) => !shown.has(name));
  return [...flatten(shortened(rest)), ...flatten(shortened(Object.fromEntries(results)))]
    .filter(([, value]) => value !== "[]");
}

/** What was measured, with six digits; `run.json` has all of them. */
function shortened(value: unknown): unknown {
  return JSON.parse(
    JSON.stringify(value),
    (_, value) =>
      typeof value === "number" && !Number.isInteger(value) ? Number(value.toPrecision(6)) : value,
  );
}

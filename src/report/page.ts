/** The page around the sections: one HTML file without scripts and external resources. */
import { VERSION } from "../version.ts";
import { html, type Markup, raw } from "./markup.ts";
import { masthead } from "./masthead.ts";
import type { NextStep } from "./next_steps.ts";
import { GENERATOR } from "./report_output.ts";
import { STYLE } from "./style.ts";

/** A figure at the head of a page. */
export interface Tile {
  readonly name: string;
  readonly value: string;
  readonly note?: string | undefined;
}

/** Parts of a page. */
export interface PageContent {
  readonly title: string;
  /** What the page is of, in a few words each. */
  readonly lead: readonly string[];
  /** What the page tells, in a few sentences. */
  readonly summary?: Markup | undefined;
  /** What to try next. @default {none} */
  readonly steps?: readonly NextStep[];
  readonly tiles: readonly Tile[];
  /** Notices before the figures. */
  readonly warnings: readonly string[];
  /** The sections with their names in the contents; those without content are left out. */
  readonly sections: readonly (readonly [id: string, name: string, content: Markup | undefined])[];
}

/** Renders a page as one file. */
export async function renderPage(page: PageContent): Promise<string> {
  const { title, lead, summary, steps = [], tiles, warnings, sections } = page;
  const present = sections.filter(([, , content]) => content !== undefined);
  // The policy is a second safeguard: unescaped content could load and run nothing.
  return String(
    await html`
      <!doctype html>
      <html lang="en">
        <head>
          <meta charset="utf-8">
          <meta name="viewport" content="width=device-width, initial-scale=1">
          <meta http-equiv="Content-Security-Policy"
            content="default-src 'none'; img-src data:; style-src 'unsafe-inline'">
          <meta name="generator" content="${GENERATOR} ${VERSION}">
          <title>${title} – Spikelet</title>
          <style>${raw(STYLE)}</style>
        </head>
        <body>
          <header id="top" tabindex="-1">
      ${masthead("a run of a network that computes with spikes")}
      <h1>${title}</h1>
      <p class="lead">${lead.map((part, i) => html`${i > 0 ? " · " : ""}<span>${part}</span>`)}</p>
      ${warnings.map((warning) => html`<p class="warning">${warning}</p>`)}
      ${summary ?? ""}
      ${stepsList(steps)}
      <dl class="tiles">${tiles.map(({ name, value, note }) =>
        html`
          <div>
            <dt>${name}</dt>
            <dd>${value}${note === undefined ? "" : html`<small>${note}</small>`}</dd>
          </div>
        `
      )}</dl>
      <nav aria-label="Contents"><ul>${present.map(([id, name]) =>
        html`<li><a href="#${id}">${name}</a></li>`
      )}</ul></nav>
          </header>
          <main>
      ${present.map(([, , content]) => content)}
          </main>
          <div class="way-back"><a href="#top">↑ Top</a></div>
          <footer>Made by Spikelet ${VERSION}. Colours after Okabe and Ito (2008). This page loads nothing from anywhere.</footer>
        </body>
      </html>
    `,
  );
}

/** What to try next, with its commands. */
function stepsList(steps: readonly NextStep[]): Markup | string {
  if (steps.length === 0) return "";
  const items = steps.map(({ reason, command }) =>
    html`<li>${reason}${
      command === undefined ? "" : html`<pre tabindex="0"><code>${command}</code></pre>`
    }</li>`
  );
  return html`
    <h2>What to try next</h2>
    <ol class="steps">${items}</ol>
  `;
}

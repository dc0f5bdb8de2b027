/**
 * HTML, piece by piece. `html` escapes whatever is put into it; only what {@linkcode drawn} by us goes in as it is.
 *
 * @module
 */
import { html } from "hono/html";

export { html, raw } from "hono/html";

/** A piece of a page. */
export type Markup = ReturnType<typeof html>;

/** A table with a caption, a head and rows; the first cell of a row names it. */
export interface Table {
  readonly caption: string;
  readonly head: readonly string[];
  readonly rows: readonly (readonly (string | Markup)[])[];
}

/** A table as HTML. Numbers stand right, words left. */
export function table({ caption, head, rows }: Table): Markup {
  return html`
    <div class="scroll" tabindex="0" role="group" aria-label="${caption}">
      <table>
        <caption>${caption}</caption>
        <thead>
          <tr>${head.map((cell) => html`<th scope="col">${cell}</th>`)}</tr>
        </thead>
        <tbody>${rows.map(([name, ...cells]) =>
          html`
            <tr><th scope="row">${name}</th>${cells.map((cell) => html`<td>${cell}</td>`)}</tr>
          `
        )}</tbody>
      </table>
    </div>
  `;
}

/** A table with the numbers of a picture, for readers of tables and for screen readers. */
export function asTable(content: Table): Markup {
  return html`<details><summary>As a table</summary>${table(content)}</details>`;
}

/** A picture with its caption, and the table that says the same. */
export function figure(picture: Markup, caption: string | Markup, numbers?: Table): Markup {
  return html`
    <figure>${picture}<figcaption>${caption}</figcaption>${numbers && asTable(numbers)}</figure>
  `;
}

/** A section with a heading that can be linked to. */
export function section(id: string, title: string, ...content: readonly (Markup | string)[]): Markup {
  return html`
    <section id="${id}" aria-labelledby="${id}-title">
    <h2 id="${id}-title">${title}</h2>
    ${content}
    </section>
  `;
}

/** What the colours of a picture mean, in words; a line that is not whole is shown as it is drawn. */
export function legend(entries: readonly (readonly [colour: string, name: string, dash?: string])[]): Markup {
  const key = (colour: string, dash: string | undefined) =>
    dash === undefined ? html`<i style="background:${colour}"></i>` : html`
      <svg class="key" width="30" height="8" aria-hidden="true">
        <line x2="30" y1="4" y2="4" style="stroke:${colour}" stroke-width="3" stroke-dasharray="${dash}" />
      </svg>
    `;
  return html`<p class="legend">${
    entries.map(([colour, name, dash]) =>
      html`
        <span>${key(colour, dash)}${name}</span>
      `
    )
  }</p>`;
}

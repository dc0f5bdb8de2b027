/** Pieces of HTML. `html` escapes every value; only plots and the style sheet are put in `raw`. */
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

/** A table as HTML. */
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

/** A picture with its caption, and its numbers as a table. */
export function figure(picture: Markup, caption: string | Markup, numbers?: Table): Markup {
  const details = numbers && html`<details><summary>As a table</summary>${table(numbers)}</details>`;
  return html`<figure>${picture}<figcaption>${caption}</figcaption>${details}</figure>`;
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

/** A legend: what the colours of a picture mean, and the dashes of its lines. */
export function legend(entries: readonly (readonly [colour: string, name: string, dash?: string])[]): Markup {
  const key = (colour: string, dash: string | undefined) =>
    dash === undefined ? html`<i style="background:${colour}"></i>` : html`
      <svg class="key" width="30" height="8" aria-hidden="true">
        <line x2="30" y1="4" y2="4" style="stroke:${colour}" stroke-width="3" stroke-dasharray="${dash}" />
      </svg>
    `;
  const parts = entries.map(([colour, name, dash]) => html`<span>${key(colour, dash)}${name}</span>`);
  return html`<p class="legend">${parts}</p>`;
}

/** The strip at the head of a report, like that of the page that learns: Spikelet's mark and name. */
import { html, type Markup, raw } from "./markup.ts";

/** Spikelet's mark, the page's `icon.svg`: a potential, and its spike. */
const MARK = '<svg class="mark" viewBox="0 0 32 32" width="30" height="30" aria-hidden="true">' +
  '<rect width="32" height="32" rx="7" /><path d="M3 22h6l3-3 3 3h3l2-17 3 21 2-4h4" /></svg>';

/** The strip. @param about What the page is. */
export function masthead(about: string): Markup {
  return html`<p class="masthead">${raw(MARK)}<b>Spikelet</b> <span>${about}</span></p>`;
}

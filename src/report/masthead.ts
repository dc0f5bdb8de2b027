/** The strip at the head of a report, and of the page that learns: Spikelet's mark and name. */
import { html, type Markup, raw } from "./markup.ts";

/** Spikelet's mark: a few rows of spikes. */
export const MARK = '<svg class="mark" viewBox="0 0 24 24" width="24" height="24" aria-hidden="true">' +
  '<path d="M3 3v4M9 3v4M19 3v4M6 10v4M12 10v4M15 10v4M3 17v4M12 17v4M21 17v4"/></svg>';

/** The strip. @param about What the page is. */
export function masthead(about: string): Markup {
  return html`<p class="masthead">${raw(MARK)}<b>Spikelet</b> <span>${about}</span></p>`;
}

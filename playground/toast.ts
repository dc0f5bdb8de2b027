/** Messages where one looks: at the lower edge of the window, wherever the page is scrolled to. */
import { element } from "./elements.ts";

/** Shows an error, or another message, in one line until it is closed. */
export function alarm(error: unknown): void {
  element("alert-text", HTMLElement).textContent = error instanceof Error ? error.message : String(error);
  element("alert", HTMLElement).hidden = false;
}

/** Hides the message. */
export function calm(): void {
  element("alert", HTMLElement).hidden = true;
}

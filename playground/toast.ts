/** Messages where one looks: at the lower edge of the window, wherever the page is scrolled to. */
import { element } from "./elements.ts";

/** Milliseconds that a message stays which is no error. */
const STAYS = 6000;

let leaving: ReturnType<typeof setTimeout> | undefined;

/** Shows an error in one line until it is closed. */
export function alarm(error: unknown): void {
  show(error instanceof Error ? error.message : String(error), true);
}

/** Shows a message that is no error for a while. */
export function notify(text: string): void {
  show(text, false);
  leaving = setTimeout(calm, STAYS);
}

function show(text: string, isError: boolean): void {
  clearTimeout(leaving);
  element("alert-text", HTMLElement).textContent = text;
  const toast = element("alert", HTMLElement);
  toast.classList.toggle("told", !isError);
  toast.hidden = false;
}

/** Hides the message. */
export function calm(): void {
  clearTimeout(leaving);
  element("alert", HTMLElement).hidden = true;
}

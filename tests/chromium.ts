/**
 * The browser of the tests, where there is one.
 *
 * @module
 */
import { existsSync } from "node:fs";

/** Where Debian has it. */
export const CHROMIUM = "/usr/bin/chromium";

/** Whether it is there. */
export const hasChromium: boolean = existsSync(CHROMIUM);

/** For the name of a test that is left out without it. */
export const WITHOUT_CHROMIUM: string = hasChromium
  ? ""
  : ` (left out: there is no ${CHROMIUM} here; apt-get install chromium)`;

/** Without a sandbox, which a container does not allow, and without asking anybody for anything. */
export const CHROMIUM_ARGUMENTS: string[] = [
  "--headless",
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];

/** With a WebGPU adapter that computes on the CPU: Chromium's own, SwiftShader, so that no GPU is needed. */
export const SOFTWARE_WEBGPU: string[] = ["--enable-unsafe-webgpu", "--use-webgpu-adapter=swiftshader"];

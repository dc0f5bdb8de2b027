/**
 * Chromium for the tests, if it is installed.
 *
 * @module
 */
import { existsSync } from "node:fs";

/** Debian's path. */
export const CHROMIUM = "/usr/bin/chromium";

/** Whether Chromium is installed. */
export const hasChromium: boolean = existsSync(CHROMIUM);

/** The suffix of a test's name that is ignored without Chromium. */
export const WITHOUT_CHROMIUM: string = hasChromium
  ? ""
  : ` (left out: there is no ${CHROMIUM} here; apt-get install chromium)`;

/** Without a sandbox, which containers do not allow, and without requests of its own. */
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

/** With Chromium's WebGPU adapter on the CPU, SwiftShader. */
export const SOFTWARE_WEBGPU: string[] = ["--enable-unsafe-webgpu", "--use-webgpu-adapter=swiftshader"];

/**
 * Learnable pictures that resemble MNIST's: mostly background, with one stroke.
 *
 * @module
 */
import type { Samples } from "../../src/data/samples.ts";
import { numbersFrom } from "../asm/numbers.ts";

const SIDE = 28;

/** Draws `count` pictures of 28 × 28 pixels; a class is the direction of a thick line through the middle. */
export function drawDigits(seed: number, count: number, classes = 10): Samples<Uint8Array> {
  const next = numbersFrom(seed);
  const features = new Uint8Array(new SharedArrayBuffer(count * SIDE * SIDE));
  const labels = new Uint8Array(new SharedArrayBuffer(count));
  for (let sample = 0; sample < count; sample++) {
    const label = labels[sample] = Math.floor(Math.abs(next()) * classes) % classes;
    const angle = Math.PI * (label + 0.2 * next()) / classes;
    const row = SIDE / 2 + 2 * next(), column = SIDE / 2 + 2 * next();
    for (let i = 0; i < SIDE * SIDE; i++) {
      const y = Math.floor(i / SIDE) - row, x = i % SIDE - column;
      const distance = Math.abs(x * Math.sin(angle) - y * Math.cos(angle));
      const isInk = distance < 2 && x * x + y * y < 100;
      features[sample * SIDE * SIDE + i] = isInk ? 255 - Math.round(60 * distance) : 0;
    }
  }
  return { name: `drawn digits ${seed}`, count, size: SIDE * SIDE, features, labels };
}

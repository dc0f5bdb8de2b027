import assert from "node:assert/strict";
import { gammaBand, judgeSpectrum, type Spectrum, sumSpectra } from "../../src/report/spectrum.ts";
import { numbersFrom } from "../asm/numbers.ts";

const STEPS = 128, UNITS = 40, SAMPLES = 60;

/** The spectrum of units that fire with a chance of their own at each step. */
function spectrumOf(
  chance: (t: number, unit: number, sample: number) => number,
  steps = STEPS,
  units = UNITS,
): Spectrum {
  const next = numbersFrom(7), sum = sumSpectra(steps, units);
  assert.ok(sum);
  for (let sample = 0; sample < SAMPLES; sample++) {
    const fired = new Uint8Array(steps * units);
    for (let t = 0; t < steps; t++) {
      for (let unit = 0; unit < units; unit++) {
        if ((next() + 1) / 2 < chance(t, unit, sample)) fired[t * units + unit] = 1;
      }
    }
    sum.add(fired);
  }
  const spectrum = sum.result();
  assert.ok(spectrum);
  return spectrum;
}

Deno.test("sumSpectra() peaks at the frequency of a sine that all units follow, and nowhere else", () => {
  for (const frequency of [0.0625, 0.125, 0.25, 0.375]) {
    const spectrum = spectrumOf((t, _, sample) =>
      0.2 + 0.1 * Math.sin(2 * Math.PI * frequency * t + 2 * sample)
    );
    const { kind, together } = judgeSpectrum(spectrum);
    assert.equal(kind, "rhythm");
    assert.ok(Math.abs(together.frequency - frequency) <= 1 / spectrum.length, `${together.frequency}`);
    spectrum.frequencies.forEach((f, i) => {
      if (Math.abs(f - frequency) <= 3 / spectrum.length) return;
      const ratio = spectrum.population[i]! / spectrum.independent[i]!;
      assert.ok(ratio < spectrum.band[i]![1], `${f} cycles a step: ${ratio}`);
    });
  }
});

Deno.test("sumSpectra() finds no rhythm in units that toss coins, and a flat spectrum of 1", () => {
  const spectrum = spectrumOf((_t, unit) => 0.05 + 0.5 * unit / UNITS);
  assert.equal(judgeSpectrum(spectrum).kind, "none");
  for (const power of spectrum.independent) assert.ok(Math.abs(power - 1) < 0.15, `${power}`);
  const mean = spectrum.population.reduce((sum, power) => sum + power, 0) / spectrum.population.length;
  assert.ok(Math.abs(mean - 1) < 0.05, `${mean}`);
});

Deno.test("sumSpectra() tells a rhythm that units have on their own from one that they share", () => {
  // Every fourth step, each unit at a beat of its own, and then all at one that changes with the sample.
  const own = spectrumOf((t, unit, sample) =>
    (t + 7 * unit + 3 * unit * unit + sample * unit) % 4 === 0 ? 0.9 : 0
  );
  assert.ok(judgeSpectrum(own).own.times > 3);
  assert.equal(judgeSpectrum(own).own.frequency, 0.25);
  const shared = judgeSpectrum(spectrumOf((t, _unit, sample) => (t + sample) % 4 === 0 ? 0.9 : 0));
  assert.deepEqual([shared.kind, shared.together.frequency], ["rhythm", 0.25]);
  assert.ok(shared.together.times > 0.7 * UNITS, `${shared.together.times} of ${UNITS} at most`);
});

Deno.test("sumSpectra() calls units that rise and fall together slow, not a rhythm", () => {
  const next = numbersFrom(3);
  let level = 0;
  const drift = Array.from({ length: STEPS * SAMPLES }, () => level = 0.97 * level + 0.2 * next());
  const verdict = judgeSpectrum(
    spectrumOf((t, _unit, sample) => Math.max(0, Math.min(1, 0.3 + 0.2 * drift[sample * STEPS + t]!))),
  );
  assert.equal(verdict.kind, "slow");
});

Deno.test("sumSpectra() has nothing to say of few steps, of silence, and of units that fire at every step", () => {
  assert.equal(sumSpectra(20, 3), undefined);
  for (const value of [0, 1]) {
    const sum = sumSpectra(64, 3);
    sum?.add(new Uint8Array(3 * 64).fill(value));
    assert.ok(sum);
    assert.equal(sum.result(), undefined);
  }
});

Deno.test("sumSpectra() cuts long samples into stretches", () => {
  const { length, stretches, settling } = spectrumOf(() => 0.1, 800, 3);
  assert.deepEqual([length, stretches, settling], [256, 2 * SAMPLES, 200]);
});

Deno.test("gammaBand() agrees with tables of χ², of which Gamma(K)/K with 2K degrees of freedom is a part", () => {
  // χ² quantiles at 0.005 and 0.995: NIST/SEMATECH e-Handbook of Statistical Methods, 1.3.6.7.4.
  for (
    const [degrees, low, high] of [[20, 7.434, 39.997], [50, 27.991, 79.490], [100, 67.328, 140.169]] as const
  ) {
    const band = gammaBand(degrees / 2, 0.01, 1);
    assert.ok(Math.abs(band[0] * degrees / low - 1) < 0.01, `${band[0] * degrees} for ${low}`);
    assert.ok(Math.abs(band[1] * degrees / high - 1) < 0.01, `${band[1] * degrees} for ${high}`);
  }
});

Deno.test("gammaBand() keeps its promise over many tries: as many runs as it says have a frequency outside", () => {
  // 47 frequencies, 25 stretches: sums of 25 exponentials each.
  const next = numbersFrom(11);
  const [low, high] = gammaBand(25, 0.1, 47);
  let outside = 0;
  const runs = 400;
  for (let run = 0; run < runs; run++) {
    let left = false;
    for (let f = 0; f < 47; f++) {
      let sum = 0;
      for (let k = 0; k < 25; k++) sum -= Math.log((next() + 1.000001) / 2.000001);
      if (sum / 25 < low || sum / 25 > high) left = true;
    }
    if (left) outside++;
  }
  assert.ok(outside / runs > 0.06 && outside / runs < 0.14, `${outside} of ${runs}`);
});

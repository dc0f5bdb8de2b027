/**
 * Do the units of a layer keep time with one another? The power spectrum of a population's activity, beside what the same
 * units would give if each ran on its own.
 *
 * Let s_n(t) ∈ {0, 1} be unit n's spikes in a stretch of L steps, and X_n(f) the Fourier transform of s_n less its mean, under
 * a Hann taper h. The population is Σ_n s_n, so its transform is Σ_n X_n, and
 *
 *     population   P(f) = |Σ_n X_n(f)|²
 *     independent  Q(f) = Σ_n |X_n(f)|²       the mean of P where the units' phases have nothing to do with each other
 *     memoryless   M    = Σ_n r_n(1 − r_n)    the same for units that toss a coin of chance r_n at each step (Σ h² = 1)
 *
 * each averaged over many samples. Q/M shows the rhythm that a unit has by itself, such as a refractory period. P/Q shows what
 * they do together: 1 where they are independent, N where all N fire as one. Of independent units, |Σ X_n|² is exponential
 * with mean Q (a sum of many random phases), so over K stretches P/Q is Gamma(K)/K: that is the band, taken at a chance of
 * 1 % that independent units leave it at any of the frequencies (Šidák). At f = ½ the transform is real, and K counts half.
 *
 * Source of the test's idea: the spectrum of a sum of point processes, Bartlett 1963; Halliday et al. 1995.
 *
 * @module
 */
import { probit } from "simple-statistics";

/** The longest stretch, in steps: finer than 1/256 cycles a step nobody asks. */
const LONGEST = 256;
/** Fewer steps than these hold no rhythm that could be told from chance. */
const SHORTEST = 16;
/** What is left out at the beginning, as a share of the steps: all units start at 0 together. */
const SETTLING = 0.25;
/** The chance that independent units leave the band somewhere. */
const CHANCE = 0.01;

/** A spectrum, one entry a frequency. */
export interface Spectrum {
  /** In cycles a step, from 2/L to ½. */
  readonly frequencies: readonly number[];
  /** P(f)/M: the population's power, 1 for memoryless independent units. */
  readonly population: readonly number[];
  /** Q(f)/M: the same units without what they have in common. */
  readonly independent: readonly number[];
  /** Where P/Q of independent units lies, with 99 % confidence for all frequencies together. */
  readonly band: readonly (readonly [low: number, high: number])[];
  /** Steps of a stretch, and how many stretches were averaged. */
  readonly length: number;
  readonly stretches: number;
  /** Steps that were left out at the beginning of each sample. */
  readonly settling: number;
}

/** Adds up the spectra of samples. */
export interface SpectrumSum {
  /** Adds a sample. @param fired `[steps, units]`, of fewer steps where it is shorter; 1 at a spike. */
  add(fired: Uint8Array): void;
  /** Undefined where no unit fired, or all fired at every step. */
  result(): Spectrum | undefined;
}

/** Begins a sum for samples of a size; undefined where there are too few steps. */
export function sumSpectra(steps: number, units: number): SpectrumSum | undefined {
  const settling = Math.floor(steps * SETTLING);
  const length = Math.min(LONGEST, steps - settling) & ~1;
  if (length < SHORTEST) return undefined;
  const { cosines, sines, taper } = transformOf(length);
  const bins = length / 2 - 1; // the taper blurs the lowest bin into the mean, which is taken away
  const population = new Float64Array(bins), independent = new Float64Array(bins);
  const squares = new Float64Array(bins);
  let memoryless = 0, stretches = 0;

  /** Adds X_n of one unit to the population's transform; returns nothing where the unit is silent. */
  const addUnit = (spikes: readonly number[], re: Float64Array, im: Float64Array, power: Float64Array) => {
    const rate = spikes.reduce((sum, t) => sum + taper.weights[t]!, 0) / taper.sum;
    for (let bin = 0; bin < bins; bin++) {
      let real = -rate * taper.real[bin]!, imaginary = -rate * taper.imaginary[bin]!;
      for (const t of spikes) {
        real += cosines[bin * length + t]!;
        imaginary += sines[bin * length + t]!;
      }
      re[bin]! += real;
      im[bin]! += imaginary;
      power[bin]! += real * real + imaginary * imaginary;
    }
    const plain = spikes.length / length;
    memoryless += plain * (1 - plain);
  };

  return {
    add(fired) {
      const present = fired.length / units;
      for (let begin = settling; begin + length <= present; begin += length) {
        const re = new Float64Array(bins), im = new Float64Array(bins), power = new Float64Array(bins);
        for (let n = 0; n < units; n++) {
          const spikes: number[] = [];
          for (let t = 0; t < length; t++) if (fired[(begin + t) * units + n] === 1) spikes.push(t);
          if (spikes.length > 0) addUnit(spikes, re, im, power);
        }
        for (let bin = 0; bin < bins; bin++) {
          population[bin]! += re[bin]! ** 2 + im[bin]! ** 2;
          independent[bin]! += power[bin]!;
          squares[bin]! += power[bin]! ** 2;
        }
        stretches++;
      }
    },
    result() {
      if (memoryless === 0) return undefined;
      const frequencies = Array.from({ length: bins }, (_, bin) => (bin + 2) / length);
      return {
        frequencies,
        population: Array.from(population, (power) => power / memoryless),
        independent: Array.from(independent, (power) => power / memoryless),
        band: frequencies.map((f, bin) => {
          // Samples with many spikes weigh more: as many equal ones would scatter the same.
          const equal = independent[bin]! ** 2 / squares[bin]!;
          return gammaBand(f === 0.5 ? equal / 2 : equal, CHANCE, bins);
        }),
        length,
        stretches,
        settling,
      };
    },
  };
}

/** Cosines and sines under the taper, `[bins, length]`, and the transform of the taper itself. */
function transformOf(length: number) {
  const raw = Float64Array.from({ length }, (_, t) => 0.5 - 0.5 * Math.cos(2 * Math.PI * (t + 0.5) / length));
  const norm = Math.sqrt(raw.reduce((sum, h) => sum + h * h, 0));
  const weights = raw.map((h) => h / norm);
  const bins = length / 2 - 1;
  const cosines = new Float64Array(bins * length), sines = new Float64Array(bins * length);
  const real = new Float64Array(bins), imaginary = new Float64Array(bins);
  for (let bin = 0; bin < bins; bin++) {
    for (let t = 0; t < length; t++) {
      const angle = 2 * Math.PI * (bin + 2) * t / length;
      const c = weights[t]! * Math.cos(angle), s = -weights[t]! * Math.sin(angle);
      cosines[bin * length + t] = c;
      sines[bin * length + t] = s;
      real[bin]! += c;
      imaginary[bin]! += s;
    }
  }
  return {
    cosines,
    sines,
    taper: { weights, real, imaginary, sum: weights.reduce((sum, h) => sum + h, 0) },
  };
}

/**
 * The range of Gamma(K)/K that `tries` independent ones leave with a given chance, by Wilson and Hilferty's (1931) cube root.
 *
 * @param shape K; may be a fraction.
 */
export function gammaBand(
  shape: number,
  chance: number,
  tries: number,
): readonly [low: number, high: number] {
  const z = -probit((1 - (1 - chance) ** (1 / tries)) / 2);
  const quantile = (z: number) => Math.max(0, 1 - 1 / (9 * shape) + z / (3 * Math.sqrt(shape))) ** 3;
  return [quantile(-z), quantile(z)];
}

/** A frequency that stands out. */
export interface Peak {
  /** In cycles a step. */
  readonly frequency: number;
  /** How many times the power of what it is compared with. */
  readonly times: number;
  /** What would have been within chance. */
  readonly band: number;
}

/** What a spectrum says. */
export interface Verdict {
  /**
   * - `rhythm`: units fire together at some frequency, above the band, and less so below it;
   * - `slow`: they rise and fall together, from the lowest frequency that can be told on: no rhythm;
   * - `none`: they are within the band of independent units everywhere.
   */
  readonly kind: "rhythm" | "slow" | "none";
  /** Where P/Q is the furthest above its band, or the closest below it. */
  readonly together: Peak;
  /** The highest point of Q/M: a single unit's own rhythm, if it has one. */
  readonly own: Peak;
}

/** How many times a memoryless unit's power a single unit's must be, to be called a rhythm of its own. */
export const OWN_RHYTHM = 1.5;

/** Judges a spectrum. */
export function judgeSpectrum({ frequencies, population, independent, band }: Spectrum): Verdict {
  const ratio = population.map((power, i) => independent[i]! > 0 ? power / independent[i]! : 1);
  const excess = ratio.map((times, i) => times / band[i]![1]);
  const most = excess.indexOf(Math.max(...excess));
  const slow = excess.slice(0, most + 1).every((each) => each > 1);
  const highest = independent.indexOf(Math.max(...independent));
  return {
    kind: excess[most]! <= 1 ? "none" : slow ? "slow" : "rhythm",
    together: { frequency: frequencies[most]!, times: ratio[most]!, band: band[most]![1] },
    own: { frequency: frequencies[highest]!, times: independent[highest]!, band: OWN_RHYTHM },
  };
}

/** Formats numbers for people. */

/** A whole number with its thousands apart: `60,000`. */
export function count(value: number): string {
  return Math.round(value).toLocaleString("en-US");
}

/** A count with its unit: `1 epoch`, `5 epochs`. */
export function counted(value: number, unit: string): string {
  return `${count(value)} ${unit}${value === 1 ? "" : "s"}`;
}

/** A size on a disk: `4.5 kB`, `47.0 MB`. */
export function size(bytes: number): string {
  return bytes < 999_950 ? `${(bytes / 1e3).toFixed(1)} kB` : `${(bytes / 1e6).toFixed(1)} MB`;
}

/** A share as a percentage with two digits behind the point, or as many as are wanted: `85.55 %`. */
export function percent(share: number, digits = 2): string {
  return `${(100 * share).toFixed(digits)} %`;
}

/** Three digits, whatever the size: `0.123`, `1.2e+6`. */
export function short(value: number): string {
  if (!Number.isFinite(value)) return String(value);
  const size = Math.abs(value);
  return size !== 0 && (size >= 1e5 || size < 1e-3)
    ? value.toExponential(1)
    : String(Number(value.toPrecision(3)));
}

/** A mean loss: `0.4547`. */
export function loss(value: number): string {
  return value.toFixed(4);
}

/** A time that has been measured: `0.42 s`, `31.5 s`, `4 min 05 s`. */
export function duration(seconds: number): string {
  if (seconds < 9.995) return `${seconds.toFixed(2)} s`;
  return seconds < 59.95 ? `${seconds.toFixed(1)} s` : timeLeft(Math.round(seconds));
}

/** A time that is estimated: `31 s`, `4 min 05 s`, `3 h 12 min`. */
export function timeLeft(seconds: number): string {
  const whole = Math.ceil(seconds);
  if (whole < 60) return `${whole} s`;
  const padded = (value: number) => String(value).padStart(2, "0");
  if (whole < 3600) return `${Math.floor(whole / 60)} min ${padded(whole % 60)} s`;
  return `${Math.floor(whole / 3600)} h ${padded(Math.floor(whole % 3600 / 60))} min`;
}

/** Numbers with neighbours put together: `3, 17–19`. */
export function ranges(numbers: readonly number[]): string {
  const parts: string[] = [];
  for (let i = 0; i < numbers.length;) {
    let last = i;
    while (numbers[last + 1] === numbers[last]! + 1) last++;
    parts.push(last === i ? `${numbers[i]}` : `${numbers[i]}–${numbers[last]}`);
    i = last + 1;
  }
  return parts.join(", ");
}

/** Bytes, such as `3.4 MiB`. */
export function mebibytes(bytes: number): string {
  const digits = bytes < 2 ** 20 ? 3 : 1;
  return `${(bytes / 2 ** 20).toLocaleString("en-US", { maximumFractionDigits: digits })} MiB`;
}

/** The class names of well-known data sets, whose files do not have them. */
import { indexNames } from "../network/class_names.ts";

/** A data set whose classes are known, and the checksums of its labels. */
export interface KnownSet {
  /** Its name in messages. */
  readonly title: string;
  /** Names of the labels. */
  readonly classes: readonly string[];
  /** SHA-256 of the labels of each part, a byte a label, without a header; 64 hexadecimal digits. */
  readonly labelsSha256: readonly string[];
}

/** By their names in `DATASETS`, which has the sums of the files with these labels. */
export const KNOWN_SETS: Readonly<Record<"mnist" | "fashion", KnownSet>> = {
  mnist: {
    title: "MNIST",
    classes: indexNames(10),
    labelsSha256: [
      "1feba77c54802fa5339a11837ea4b2866434b83114ec45192930f1df69120c13",
      "ddeff807876a9661a1110d45c266c86239a3a1b7d37da0c3716a7a683c852ff5",
    ],
  },
  fashion: {
    title: "Fashion-MNIST",
    classes: [
      "T-shirt/top",
      "Trouser",
      "Pullover",
      "Dress",
      "Coat",
      "Sandal",
      "Shirt",
      "Sneaker",
      "Bag",
      "Ankle boot",
    ],
    labelsSha256: [
      "657fbd221bfc9f4198cc14b5619cc33ec57c58dd0e47af4d99d6650759e869a7",
      "3d0e6c6ea990b53b6f8f500a41cac93881d981b315f84578b7d915342ade01e9",
    ],
  },
};

/** The data set that has these labels; `undefined` where none has, or where the runtime computes no checksums. */
export async function setOfLabels(labels: Uint8Array): Promise<KnownSet | undefined> {
  const lengths = [60_000, 10_000];
  // Pages by plain http from another machine have no `crypto.subtle`.
  if (!lengths.includes(labels.length) || !globalThis.crypto?.subtle) return undefined;
  const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", Uint8Array.from(labels)));
  const sum = Array.from(digest, (byte) => byte.toString(16).padStart(2, "0")).join("");
  return Object.values(KNOWN_SETS).find(({ labelsSha256 }) => labelsSha256.includes(sum));
}

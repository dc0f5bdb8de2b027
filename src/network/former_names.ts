/**
 * Names in files and command lines of earlier versions, which are still read.
 *
 * @module
 */

/** A preset's present name: `notebook` was once `seed`, and `feed-forward` `dense`. Other names stay as they are. */
export function presentModelName(name: string): string {
  switch (name) {
    case "seed":
      return "notebook";
    case "dense":
      return "feed-forward";
    default:
      return name;
  }
}

/** Reads the batch metrics of a run from its `metrics.jsonl`. */
import * as v from "valibot";
import { join } from "node:path";
import { readText } from "../files/file_access.ts";
import { type BatchMetrics, batchMetrics } from "../training/batch_metrics.ts";

/** Reads all lines of a run, over all sessions; skips damaged ones. */
export async function readHistory(directory: string): Promise<BatchMetrics[]> {
  const text = await readText(join(directory, "metrics.jsonl"));
  return text.split("\n").flatMap((line) => {
    const parsed = v.safeParse(batchMetrics, parseLine(line));
    return parsed.success ? [parsed.output] : [];
  });
}

function parseLine(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    return undefined;
  }
}

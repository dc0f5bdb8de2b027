/**
 * Downloads a file over networks and from servers that fail: resumes after a broken connection, and gives up silent servers.
 *
 * Bytes are collected in a file beside their final place, and stay there after a failure, so that the next call resumes from
 * them. A note beside it has their URL: `Range` requests the rest, and `If-Range` makes the server send the whole where its
 * file has changed (RFC 9110, sections 13.1.5 and 14.2).
 */
import { dirname } from "node:path";
import * as v from "valibot";
import { NetworkError } from "../errors.ts";
import { count } from "../text/figures.ts";
import { LARGEST_NOTE, readText, writeError } from "../files/file_access.ts";
import { checkTarget, openOwnFile, writeFileAtomic } from "../files/write_file.ts";

/** How long to wait for servers that fail. */
export interface Patience {
  /** Seconds in which a server must send 4 KiB, or be given up. @default {30} */
  readonly patience?: number;
  /** Tries in a row that bring nothing, after the first, before a server is given up. @default {5} */
  readonly retries?: number;
  /** Seconds before the first new try; doubled before each further one, up to 60. @default {0.5} */
  readonly pause?: number;
}

/** The file to download. */
export interface DownloadOptions extends Patience {
  /** `http:` or `https:`. */
  readonly url: string;
  /** Where bytes are collected; its folder must exist. */
  readonly part: string;
  /** A server that sends more bytes has another file. */
  readonly most: number;
  /** Called with the bytes that have come, and their total, where the server gives it. */
  onProgress?(received: number, total: number | undefined): void;
  /** A try has failed; the next one comes in so many seconds. */
  onRetry?(reason: string, seconds: number): void;
}

/** Bytes that a server must send within the time limit, and that a try must bring to count as progress. */
const LEAST_BYTES = 4096;
/** The longest pause in seconds; a server that demands a longer one is given up. */
const LONGEST_PAUSE = 60;

/** Statuses that may pass: another try can succeed. */
const PASSING = new Set([408, 425, 429, 500, 502, 503, 504]);

const noteSchema = v.strictObject({
  url: v.string(),
  /** A strong `ETag` or a `Last-Modified`; null where the server gave neither. */
  validator: v.nullable(v.string()),
});

type Note = v.InferOutput<typeof noteSchema>;

/** A try has failed and another one may succeed. */
class PassingFault extends Error {
  /** Seconds to wait, from the server's `Retry-After`. */
  readonly wait: number;

  constructor(reason: string, wait = 0) {
    super(reason);
    this.wait = wait;
  }
}

/**
 * Downloads a file, or the rest of it.
 *
 * @returns Whether the bytes in `part` are those of more than one answer. The caller checks that they are the right file.
 * @throws {NetworkError} when the server refuses, sends too much, or fails too often in a row.
 * @throws {InputError} when `part` cannot be written.
 */
export async function download(options: DownloadOptions): Promise<boolean> {
  const { url, part, retries = 5, pause = 0.5, onRetry } = options;
  for (const path of [part, noteOf(part)]) await checkTarget(path); // before the first request
  let furthest = await readableSize(part, url);
  for (let failures = 0;;) {
    try {
      return await attempt(options);
    } catch (error) {
      if (!(error instanceof PassingFault)) throw error;
      const size = await readableSize(part, url);
      if (size >= furthest + LEAST_BYTES) {
        furthest = size;
        failures = 0;
      }
      if (++failures > retries || error.wait > LONGEST_PAUSE) {
        const tries = failures > 1 ? `, ${failures} times in a row` : "";
        const rest = size > 0 ? `; it resumes from the ${count(size)} bytes that are here` : "";
        throw new NetworkError(`${url}: ${error.message}${tries}: run the same command again later${rest}`);
      }
      const seconds = Math.max(error.wait, Math.min(pause * 2 ** (failures - 1), LONGEST_PAUSE));
      onRetry?.(error.message, seconds);
      await new Promise((resolve) => setTimeout(resolve, 1000 * seconds));
    }
  }
}

/** The URL whose bytes a part holds; `undefined` where there is no part, or no valid note. */
export async function urlOfPart(part: string): Promise<string | undefined> {
  return (await readNote(part))?.url;
}

/** Removes the files that a download has left. */
export async function discardPart(part: string): Promise<void> {
  for (const path of [part, noteOf(part)]) {
    try {
      await Deno.remove(path);
    } catch (error) {
      if (!(error instanceof Deno.errors.NotFound)) throw writeError(error, path, dirname(path));
    }
  }
}

/** One request and its response. */
async function attempt(options: DownloadOptions): Promise<boolean> {
  const { url, part } = options;
  using watch = watchServer(options.patience ?? 30);
  const note = await readNote(part);
  const offset = await readableSize(part, url);
  // With this header the runtime does not decode the body, so its bytes can be counted.
  const headers = new Headers({ "accept-encoding": "identity" });
  if (offset > 0) {
    headers.set("range", `bytes=${offset}-`);
    if (note?.validator) headers.set("if-range", note.validator);
  }
  const response = await fetch(url, { headers, signal: watch.signal })
    .catch((error: unknown) => Promise.reject(faultOf(error, url, unreached)));
  watch.received(LEAST_BYTES);
  switch (response.status) {
    case 200:
      await collect(response, 0, options, watch);
      return false;
    case 206: {
      const start = /^bytes (\d+)-/.exec(response.headers.get("content-range") ?? "")?.[1];
      if (offset > 0 && Number(start) === offset) {
        await collect(response, offset, options, watch);
        return true;
      }
      await response.body?.cancel();
      await discardPart(part);
      throw new PassingFault("it sent another part than was requested");
    }
    case 416: {
      await response.body?.cancel();
      const total = /^bytes \*\/(\d+)$/.exec(response.headers.get("content-range") ?? "")?.[1];
      if (Number(total) === offset) return true; // all of it is here already
      await discardPart(part);
      throw new PassingFault("it has less than is here");
    }
    default: {
      await response.body?.cancel();
      const { status, statusText } = response;
      const answer = `the server answers ${status}${statusText === "" ? "" : ` ${statusText}`}`;
      if (PASSING.has(status)) {
        throw new PassingFault(answer, Number(response.headers.get("retry-after")) || 0);
      }
      throw new NetworkError(`${url}: ${answer}: check the address, or fetch from another with --from`);
    }
  }
}

/** Writes a response's body into the part, from `offset` on. */
async function collect(
  response: Response,
  offset: number,
  { url, part, most, onProgress }: DownloadOptions,
  watch: Watch,
): Promise<void> {
  const length = Number(response.headers.get("content-length") ?? NaN);
  const total = Number.isNaN(length) ? undefined : offset + length;
  const file = await openPart(part, offset, { url, validator: validatorOf(response) });
  let received = offset;
  try {
    onProgress?.(received, total);
    for await (const piece of piecesOf(response, url)) {
      watch.received(piece.length);
      if (received + piece.length > most) {
        throw new NetworkError(
          `${url}: it sends more than ${count(most)} bytes: this is another file; ` +
            "check the address, or fetch from another with --from",
        );
      }
      await writeWhole(file, piece, part);
      received += piece.length;
      onProgress?.(received, total);
    }
  } finally {
    file.close();
  }
  if (total !== undefined && received < total) throw new PassingFault("the connection broke");
}

/** The pieces of a body. */
async function* piecesOf({ body }: Response, url: string): AsyncGenerator<Uint8Array> {
  if (body === null) return;
  try {
    yield* body;
  } catch (error) {
    throw faultOf(error, url, () => new PassingFault("the connection broke"));
  }
}

/** Opens the part for writing at `offset`, with nothing behind it, and notes where its bytes come from. */
async function openPart(part: string, offset: number, note: Note): Promise<Deno.FsFile> {
  const file = await openOwnFile(part, "update");
  try {
    // First the bytes, then the note: it must never name the URL of other bytes.
    await file.truncate(offset);
    await file.seek(offset, Deno.SeekMode.Start);
    if (offset === 0) await writeFileAtomic(noteOf(part), JSON.stringify(note));
    return file;
  } catch (error) {
    file.close();
    throw writeError(error, part, dirname(part));
  }
}

async function writeWhole(file: Deno.FsFile, piece: Uint8Array, part: string): Promise<void> {
  try {
    for (let written = 0; written < piece.length;) written += await file.write(piece.subarray(written));
  } catch (error) {
    throw writeError(error, part, dirname(part));
  }
}

/** The bytes of a URL's file that are here and can be resumed from. */
async function readableSize(part: string, url: string): Promise<number> {
  if ((await readNote(part))?.url !== url) return 0;
  try {
    return (await Deno.stat(part)).size;
  } catch {
    return 0;
  }
}

/** A part's note; `undefined` where there is none, or it is damaged. */
async function readNote(part: string): Promise<Note | undefined> {
  try {
    return v.parse(noteSchema, JSON.parse(await readText(noteOf(part), LARGEST_NOTE)));
  } catch {
    return undefined;
  }
}

function noteOf(part: string): string {
  return `${part}.json`;
}

/** A validator of the server's file (`If-Range`); a weak ETag is none (RFC 9110, section 13.1.5). */
function validatorOf({ headers }: Response): string | null {
  const etag = headers.get("etag");
  return etag !== null && !etag.startsWith("W/") ? etag : headers.get("last-modified");
}

/** Aborts where a server sends too little. */
interface Watch extends Disposable {
  readonly signal: AbortSignal;
  received(bytes: number): void;
}

function watchServer(patience: number): Watch {
  const controller = new AbortController();
  const reason = `less than ${count(LEAST_BYTES)} bytes came in ${patience} s`;
  const giveUp = () => controller.abort(new PassingFault(reason));
  let timer = setTimeout(giveUp, 1000 * patience);
  let sum = 0;
  return {
    signal: controller.signal,
    received(bytes) {
      sum += bytes;
      if (sum < LEAST_BYTES) return;
      sum = 0;
      clearTimeout(timer);
      timer = setTimeout(giveUp, 1000 * patience);
    },
    [Symbol.dispose]: () => clearTimeout(timer),
  };
}

/** The fault of a failed request or body. @param meaning Of the network's own failure, for which Deno throws a TypeError. */
function faultOf(error: unknown, url: string, meaning: (error: TypeError, url: string) => Error): unknown {
  if (error instanceof Deno.errors.NotCapable) {
    return new NetworkError(`${url}: Deno may not reach it; run again with --allow-net=${new URL(url).host}`);
  }
  return error instanceof TypeError ? meaning(error, url) : error;
}

/**
 * Why a server was not reached. Deno has neither a class nor a code for the reasons, only words, which change between versions. So
 * known words give a message of ours and stop useless tries; an unknown reason is passed on, and tried again.
 */
function unreached(error: TypeError, url: string): Error {
  const { message } = error.cause instanceof Error ? error.cause : error;
  if (/certificate/.test(message)) {
    return new NetworkError(
      `${url}: its certificate is not trusted here: if a proxy of yours issues certificates, set DENO_TLS_CA_STORE=system`,
    );
  }
  if (/blocked/.test(message)) {
    return new NetworkError(`${url}: this is no port for the web: check the address`);
  }
  if (/dns error/.test(message)) return new PassingFault("its name cannot be looked up");
  if (/refused/.test(message)) return new PassingFault("it refuses connections");
  return new PassingFault(
    message.replace(/^.*?\): (client error \(\w+\): )?/, "").replace(/ \(os error \d+\).*$/s, ""),
  );
}
